import { AppError } from '../_shared/http/problems.ts'

const bytesPerSecondMin = 64_000
const graceMs = 15_000 // slow starts and short stalls are nobody's fault
const checkMs = 1_000

const tooSlow = (): AppError =>
  new AppError('malformed', 'The body arrives slower than 64 KB/s.', {
    hint: 'Use a faster connection or a smaller file.',
  })

type Pace = { bytesMax: number; signal: AbortSignal; now: () => Date }

/**
 * The same bytes, counted and timed. Reading it fails with `payload_too_large`, with `malformed` when the caller
 * goes away or sends below 64 KB/s (only time spent waiting for the caller counts), and when `signal` aborts.
 */
export function pacedBody(
  body: ReadableStream<Uint8Array>,
  { bytesMax, signal, now }: Pace,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let bytes = 0
  let waitedMs = 0
  let waitingSince: number | null = null
  let isOver = false
  let stop = () => {}
  const isSlow = () => {
    const totalMs = waitedMs + (waitingSince === null ? 0 : now().getTime() - waitingSince)
    return totalMs > graceMs && bytes < (totalMs / 1000) * bytesPerSecondMin
  }
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const fail = (err: unknown) => {
        stop()
        controller.error(err)
        reader.cancel(err).catch(() => {}) // the body is given up: how it ends no longer matters
      }
      const check = () => {
        if (isSlow()) fail(tooSlow())
      }
      const timer = setInterval(check, checkMs)
      const onAbort = () => fail(new AppError('unavailable', 'The upload was given up.'))
      signal.addEventListener('abort', onAbort)
      stop = () => {
        isOver = true
        clearInterval(timer)
        signal.removeEventListener('abort', onAbort)
      }
      if (signal.aborted) onAbort()
    },
    async pull(controller) {
      waitingSince = now().getTime()
      const { done, value } = await reader.read().catch((cause: unknown) => {
        stop()
        throw new AppError('malformed', 'The body ended early.', { cause })
      })
      waitedMs += now().getTime() - waitingSince
      waitingSince = null
      if (isOver) return
      if (done) {
        stop()
        return controller.close()
      }
      bytes += value.byteLength
      const refusal = bytes > bytesMax ? tooLarge(bytesMax) : isSlow() ? tooSlow() : null
      if (!refusal) return controller.enqueue(value)
      stop()
      reader.cancel(refusal).catch(() => {}) // as above
      throw refusal
    },
    cancel(reason) {
      stop()
      return reader.cancel(reason)
    },
  })
}

const tooLarge = (bytesMax: number): AppError =>
  new AppError('payload_too_large', `The body may have at most ${bytesMax} bytes.`)
