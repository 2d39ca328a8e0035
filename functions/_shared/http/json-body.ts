import { bodyEndedEarly, bodyTooLarge } from './body-faults.ts'
import { hostileValue } from './hostile.ts'
import { AppError } from './problems.ts'

/** Refuses encoded bodies: a small one can inflate to any size. */
export function refuseContentEncoding(headers: Headers): void {
  const encoding = headers.get('content-encoding')
  if (encoding && encoding.trim().toLowerCase() !== 'identity')
    throw new AppError('unsupported_media_type', 'Bodies must not be compressed.', {
      headers: { 'Accept-Encoding': 'identity' },
    })
}

/** Refuses by the announced length, before a byte is read. */
export function refuseAnnouncedLength(headers: Headers, bytesMax: number): void {
  if (Number(headers.get('content-length') ?? 0) > bytesMax) throw bodyTooLarge(bytesMax)
}

/** What arrives of a body, until its caller goes away. */
async function* arriving<Chunk>(body: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  try {
    yield* body
  } catch (cause) {
    throw bodyEndedEarly(cause)
  }
}

/**
 * Reads a whole body, counting what really arrives.
 * @throws {AppError} `payload_too_large`; `malformed`: the caller goes away
 */
async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array<ArrayBuffer>> {
  refuseAnnouncedLength(request.headers, bytesMax)
  if (!request.body) return new Uint8Array()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for await (const chunk of arriving(request.body)) {
    bytes += chunk.byteLength
    if (bytes > bytesMax) throw bodyTooLarge(bytesMax)
    chunks.push(chunk)
  }
  if (chunks.length === 1) return chunks[0] ?? new Uint8Array()
  const whole = new Uint8Array(bytes)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

/** The body of a route that takes none, as text; bytes that are no UTF-8 are replaced. */
export async function readUnusedBody(request: Request, bytesMax: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(request, bytesMax))
}

const jsonType = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/**
 * Reads a JSON body.
 * @returns the parsed value and the text it came from
 * @throws {AppError} `unsupported_media_type`, `payload_too_large`, `malformed`, or `invalid` for hostile values
 */
export async function readJson(
  request: Request,
  bytesMax: number,
): Promise<{ value: unknown; text: string }> {
  refuseContentEncoding(request.headers)
  if (!jsonType.test(request.headers.get('content-type') ?? ''))
    throw new AppError('unsupported_media_type', 'The body must be JSON.', {
      hint: 'Send Content-Type: application/json.',
    })
  const text = decodeUtf8(await readBytes(request, bytesMax))
  const value = parse(text)
  const hostile = hostileValue(value)
  if (hostile)
    throw new AppError('invalid', 'The body has a value that cannot be stored.', {
      errors: [{ in: 'body', ...hostile }],
    })
  return { value, text }
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid UTF-8.', { cause })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError('malformed', 'The body is not valid JSON.', { cause })
  }
}
