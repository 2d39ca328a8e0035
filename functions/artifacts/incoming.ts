import type { Call } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'

const endedEarly = (cause?: unknown): AppError =>
  new AppError('malformed', 'The body ended early; what had come is stored.', { cause })

/**
 * The body as it comes, however slowly: a program may send what a model says while it says it.
 * @throws {AppError} `malformed` when the caller goes away, `unavailable` at the deadline
 */
export async function* incoming({
  request,
  signal,
}: Call): AsyncGenerator<Uint8Array, void, undefined> {
  if (!request.body) return
  const reader = request.body.getReader()
  const stop = Promise.withResolvers<never>()
  const onAbort = () =>
    stop.reject(
      request.signal.aborted
        ? endedEarly()
        : new AppError('unavailable', 'The request took too long; what had come is stored.'),
    )
  stop.promise.catch(() => {}) // nobody may be waiting when it comes
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  try {
    for (;;) {
      const next = reader.read().catch((cause: unknown) => Promise.reject(endedEarly(cause)))
      const { done, value } = await Promise.race([next, stop.promise])
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Refused or given up before its end: nobody reads the rest.
    await reader.cancel().catch(() => {})
  }
}
