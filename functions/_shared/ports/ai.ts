/** What a caller may set of a generation. A provider leaves out what it does not know. */
export type AiParameters = {
  system?: string | undefined // said before the prompt
  temperature?: number | undefined
  top_p?: number | undefined
  max_tokens?: number | undefined
  seed?: number | undefined
  stop?: string[] | undefined
}

export type AiRequest = {
  prompt: string
  model: string // of those that the provider has
  parameters: AiParameters
  /** What the prompt is about, cut to what may be sent; `null`: nothing. */
  document: { title: string; text: string } | null
}

/** `null`: the provider did not say. */
export type AiUsage = {
  inputTokens: number | null
  outputTokens: number | null
  finishReason: string | null // `length`: cut at the most tokens
}

export const aiFailureCodes = [
  'ai_unauthorized',
  'ai_refused',
  'ai_rate_limited',
  'ai_unavailable',
  'ai_timeout',
  'ai_malformed',
] as const
export type AiFailureCode = (typeof aiFailureCodes)[number]

type AiFailureOptions = { isFinal: boolean; retryAfterMs?: number | null; cause?: unknown }

/** Why nothing (more) came. The message may be shown to users: no key, no address, nothing that the provider said. */
export class AiFailure extends Error {
  readonly code: AiFailureCode
  readonly isFinal: boolean // trying again cannot help
  readonly retryAfterMs: number | null // when the provider said when

  constructor(
    code: AiFailureCode,
    publicMessage: string,
    { isFinal, retryAfterMs = null, cause }: AiFailureOptions,
  ) {
    super(publicMessage, { cause })
    this.name = 'AiFailure'
    this.code = code
    this.isFinal = isFinal
    this.retryAfterMs = retryAfterMs
  }
}

/** Somebody who writes text to a prompt. */
export interface AiProvider {
  readonly name: string // what versions are marked with
  readonly defaultModel: string
  /** The same request gives the same text, so that an attempt can go on where a killed one stopped. */
  readonly isRepeatable: boolean
  /**
   * Writes in pieces, as they come; what it took is the value that it returns.
   * @throws {AiFailure}; the signal's reason when that aborts
   */
  generate(request: AiRequest, signal: AbortSignal): AsyncGenerator<string, AiUsage, undefined>
}
