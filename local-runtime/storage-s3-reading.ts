import type { ByteRange } from '../functions/_shared/ports/storage.ts'
import type { S3Client } from './storage-s3-client.ts'
import { asStoreUnavailable, S3Failure, silenceOf } from './storage-s3-failure.ts'

// A store that sends nothing for so long has lost us. How slowly our own reader takes it does not matter.
const stallMsMax = 30_000
const resumesMax = 3

type Reader = ReadableStreamDefaultReader<Uint8Array>

/** The bytes of an object as they are asked for; `null` for an unknown key. A connection that breaks is made again. */
export async function readObject(
  client: S3Client,
  key: string,
  range?: ByteRange,
): Promise<ReadableStream<Uint8Array> | null> {
  const start = range?.start ?? 0
  const end = range?.endInclusive ?? null
  const first = await openAt(client, key, { start, end, isWhole: range === undefined })
  if (first === null) return null
  if (first === 'beyond') return new Blob([]).stream()
  return resumingStream(first, (offset) =>
    openAt(client, key, { start: start + offset, end, isWhole: false }),
  )
}

type Place = { start: number; end: number | null; isWhole: boolean }

async function openAt(client: S3Client, key: string, { start, end, isWhole }: Place) {
  const headers: Record<string, string> = isWhole ? {} : { Range: `bytes=${start}-${end ?? ''}` }
  try {
    const response = await client.open({ method: 'GET', key, headers })
    // Without a body there is nothing to read, and a store that ignores the range sends the wrong bytes.
    if (response.body === null || (!isWhole && response.status !== 206)) {
      await response.body?.cancel()
      throw new S3Failure('GET object', { status: response.status, code: 'unreadable' })
    }
    return response.body.getReader() as Reader
  } catch (err) {
    if (!(err instanceof S3Failure)) throw err
    if (err.code === 'NoSuchKey') return null
    if (err.status === 416) return 'beyond' as const
    throw err
  }
}

type Reopen = (offset: number) => Promise<Reader | 'beyond' | null>

function resumingStream(first: Reader, reopen: Reopen): ReadableStream<Uint8Array> {
  let reader = first
  let offset = 0
  let resumes = 0
  const next = async () => {
    for (;;) {
      try {
        return await inTime(reader.read())
      } catch (err) {
        await reader.cancel().catch(() => {})
        resumes += 1
        if (resumes > resumesMax) throw asStoreUnavailable(silenceOf('GET object', err))
        const again = await reopen(offset).catch((cause: unknown) => {
          throw asStoreUnavailable(cause)
        })
        if (again === null || again === 'beyond')
          throw asStoreUnavailable(silenceOf('GET object', err))
        reader = again
      }
    }
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await next()
        if (done) return controller.close()
        offset += value.byteLength
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Nothing is read ahead: what the store sends waits in the socket.
    { highWaterMark: 0 },
  )
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new DOMException('late', 'TimeoutError')), stallMsMax)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
