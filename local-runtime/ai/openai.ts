import { setTimeout as pause } from 'node:timers/promises'
import { AiFailure, type AiProvider, type AiRequest } from '../../functions/_shared/ports/ai.ts'
import { failureOfStatus, isWorthRepeating } from './openai-failures.ts'
import { replyPieces } from './openai-reply.ts'

export type OpenAiOptions = {
  baseUrl: string
  model: string
  /** Read when it is sent; `null`: the server takes none. */
  key: { reveal(): string } | null
  /** Longest wait for the first words, and then for each further ones. */
  timeoutMs: number
  /** Waits before a repetition; a longer one that the server asks for is the job's to wait. */
  retryWaitsMs?: readonly number[]
}

const retryWaitMsMax = 10_000

/** Any server that speaks `/chat/completions` as OpenAI does. It cannot go on where another attempt stopped. */
export const openAiProvider = (options: OpenAiOptions): AiProvider => ({
  name: 'openai',
  defaultModel: options.model,
  isRepeatable: false,
  async *generate(request, signal) {
    const silence = new Silence(options.timeoutMs)
    const either = AbortSignal.any([signal, silence.signal])
    try {
      const body = await ask(options, request, { signal: either, silence })
      return yield* replyPieces(heard(body, silence))
    } catch (err) {
      signal.throwIfAborted()
      throw silence.signal.aborted ? tooSlow() : failureOf(err)
    } finally {
      silence.end()
    }
  },
})

const tooSlow = (): AiFailure =>
  new AiFailure('ai_timeout', 'The AI provider did not answer in time.', { isFinal: false })

function failureOf(err: unknown): AiFailure {
  if (err instanceof AiFailure) return err
  const options = { isFinal: false, cause: err }
  return new AiFailure('ai_unavailable', 'The AI provider cannot be reached.', options)
}

/** Aborts when nothing is heard for so long. */
class Silence {
  readonly #controller = new AbortController()
  readonly #ms: number
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number) {
    this.#ms = ms
    this.hear()
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  hear(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#controller.abort(), this.#ms)
  }

  end(): void {
    clearTimeout(this.#timer)
    this.#controller.abort()
  }
}

async function* heard(
  body: ReadableStream<Uint8Array>,
  silence: Silence,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    silence.hear()
    yield chunk
  }
}

type Asking = { signal: AbortSignal; silence: Silence }

/** @returns the body of the reply, still to come @throws {AiFailure} and what `fetch` throws */
async function ask(
  options: OpenAiOptions,
  request: AiRequest,
  { signal, silence }: Asking,
): Promise<ReadableStream<Uint8Array>> {
  const waits = options.retryWaitsMs ?? [500, 2_000]
  for (let tries = 0; ; tries += 1) {
    silence.hear()
    const reply = await send(options, request, signal)
    if (reply.ok) return bodyOf(reply)
    await reply.body?.cancel()
    const failure = failureOfStatus(reply.status, reply.headers.get('retry-after'))
    const waitMs = Math.max(waits[tries] ?? 0, failure.retryAfterMs ?? 0)
    if (tries >= waits.length || !isWorthRepeating(reply.status) || waitMs > retryWaitMsMax)
      throw failure
    await pause(waitMs, undefined, { signal })
  }
}

function bodyOf({ body, headers }: Response): ReadableStream<Uint8Array> {
  const isStream = headers.get('content-type')?.toLowerCase().startsWith('text/event-stream')
  if (body && isStream) return body
  void body?.cancel().catch(() => {}) // nobody reads it
  throw new AiFailure('ai_malformed', 'The AI provider sent no stream.', { isFinal: true })
}

function send(
  { baseUrl, key }: OpenAiOptions,
  request: AiRequest,
  signal: AbortSignal,
): Promise<Response> {
  return fetch(`${baseUrl.replace(/\/+$/, '')}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(key && { authorization: `Bearer ${key.reveal()}` }),
    },
    body: JSON.stringify(bodyFor(request)),
    redirect: 'manual', // the key goes where the settings say, and nowhere else
    signal,
  })
}

function bodyFor({ prompt, model, parameters, document }: AiRequest) {
  const { system, ...known } = parameters
  const about = document && `The document "${document.title}":\n\n${document.text}`
  return {
    ...known,
    model,
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      ...(about === null ? [] : [{ role: 'user', content: about }]),
      { role: 'user', content: prompt },
    ],
    stream: true,
    stream_options: { include_usage: true },
  }
}
