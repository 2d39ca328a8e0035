import { AiFailure, type AiUsage } from '../../functions/_shared/ports/ai.ts'

const lineCharsMax = 1024 * 1024 // a piece of a reply has some hundred

const malformed = (cause?: unknown): AiFailure =>
  new AiFailure('ai_malformed', 'The AI provider sent what is no answer.', {
    ...{ isFinal: false, cause },
  })

const cutOff = (): AiFailure =>
  new AiFailure('ai_unavailable', 'The AI provider ended its answer early.', { isFinal: false })

/** What one event of a streamed reply may say; everything else is left out. */
type Chunk = {
  choices?: { delta?: { content?: unknown }; finish_reason?: unknown }[]
  usage?: { prompt_tokens?: unknown; completion_tokens?: unknown } | null
  error?: unknown
}

/**
 * The words of a streamed reply, as they come.
 * @param chunks of a body of `text/event-stream`
 * @throws {AiFailure} `ai_malformed`; `ai_unavailable` when it ends without having said that it does
 */
export async function* replyPieces(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, AiUsage, undefined> {
  const usage: AiUsage = { inputTokens: null, outputTokens: null, finishReason: null }
  for await (const line of linesOf(chunks)) {
    if (!line.startsWith('data:')) continue // comments keep the connection, other fields say nothing
    const data = line.slice('data:'.length).trim()
    if (data === '[DONE]') return usage
    const text = takeChunk(usage, parsed(data))
    if (text !== '') yield text
  }
  // Some servers leave out the last word when they have said why they stop.
  if (usage.finishReason === null) throw cutOff()
  return usage
}

function parsed(data: string): Chunk {
  try {
    const chunk: unknown = JSON.parse(data)
    if (typeof chunk === 'object' && chunk !== null && !Array.isArray(chunk)) return chunk
  } catch (cause) {
    throw malformed(cause)
  }
  throw malformed()
}

/** Notes what a chunk says of usage and end. @returns its words */
function takeChunk(usage: AiUsage, chunk: Chunk): string {
  if (chunk.error !== undefined && chunk.error !== null)
    throw new AiFailure('ai_unavailable', 'The AI provider failed while it answered.', {
      isFinal: false,
    })
  const count = (value: unknown) => (Number.isSafeInteger(value) ? Number(value) : null)
  usage.inputTokens = count(chunk.usage?.prompt_tokens) ?? usage.inputTokens
  usage.outputTokens = count(chunk.usage?.completion_tokens) ?? usage.outputTokens
  const choice = Array.isArray(chunk.choices) ? chunk.choices[0] : undefined
  if (typeof choice?.finish_reason === 'string') usage.finishReason = choice.finish_reason
  const content = choice?.delta?.content
  return typeof content === 'string' ? content : ''
}

/** Lines without their ends, whole whatever the chunks are. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let open = ''
  for await (const chunk of chunks) {
    open += decode(decoder, chunk)
    const lines = open.split(/\r\n|\n|\r(?!$)/)
    open = lines.pop() ?? ''
    yield* lines
    if (open.length > lineCharsMax) throw malformed()
  }
  if (open !== '') yield open.replace(/\r$/, '')
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array): string {
  try {
    return decoder.decode(chunk, { stream: true })
  } catch (cause) {
    throw malformed(cause)
  }
}
