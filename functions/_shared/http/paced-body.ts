import { bodyEndedEarly, bodyTooLarge } from './body-faults.ts'
import { AppError } from './problems.ts'

const bytesPerSecondMin = 64_000
const graceMs = 15_000 // slow starts and short stalls are nobody's fault
const checkMs = 1_000

const tooSlow = (): AppError =>
  new AppError('malformed', 'The body arrives slower than 64 KB/s.', {
    hint: 'Use a faster connection or a smaller file.',
  })

/** Counts what arrives, and the time in which it was waited for. */
class Pace {
  readonly #now: () => Date
  bytes = 0
  #waitedMs = 0
  #waitingSinceMs: number | null = null

  constructor(now: () => Date) {
    this.#now = now
  }

  #currentWaitMs(): number {
    return this.#waitingSinceMs === null ? 0 : this.#now().getTime() - this.#waitingSinceMs
  }

  beginWait(): void {
    this.#waitingSinceMs = this.#now().getTime()
  }

  endWait(bytes: number): void {
    this.#waitedMs += this.#currentWaitMs()
    this.#waitingSinceMs = null
    this.bytes += bytes
  }

  get isSlow(): boolean {
    const totalMs = this.#waitedMs + this.#currentWaitMs()
    return totalMs > graceMs && this.bytes < (totalMs / 1000) * bytesPerSecondMin
  }
}

type PaceOptions = {
  bytesMax: number
  /** Aborts when the caller goes away. */
  caller: AbortSignal
  /** Aborts at the deadline, too. */
  signal: AbortSignal
  now: () => Date
}

/**
 * The same bytes, counted and timed. Reading it fails with `payload_too_large`, with `malformed` when the caller
 * goes away or sends below 64 KB/s (only time spent waiting for the caller counts), and when `signal` aborts.
 */
export function pacedBody(
  body: ReadableStream<Uint8Array>,
  { bytesMax, caller, signal, now }: PaceOptions,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  const pace = new Pace(now)
  const watch = newWatch(pace, { caller, signal })
  const options = {
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      watch.start((err) => {
        controller.error(err)
        reader.cancel(err).catch(() => {}) // the body is given up: how it ends no longer matters
      })
    },
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      pace.beginWait()
      const { done, value } = await reader.read().catch((cause: unknown) => {
        watch.stop()
        throw bodyEndedEarly(cause)
      })
      pace.endWait(value?.byteLength ?? 0)
      if (watch.isOver) return
      if (pace.bytes > bytesMax) watch.fail(bodyTooLarge(bytesMax))
      else if (!done && pace.isSlow) watch.fail(tooSlow())
      else if (!done) controller.enqueue(value)
      else {
        watch.stop()
        controller.close()
      }
    },
    cancel(reason: unknown) {
      watch.stop()
      return reader.cancel(reason)
    },
  }
  // Nothing is read ahead: the caller is waited for only while a reader waits, too.
  return new ReadableStream<Uint8Array>(options, { highWaterMark: 0 })
}

/** Fails the reading once: by the clock, by the signal, or when told to. */
function newWatch(pace: Pace, { caller, signal }: Pick<PaceOptions, 'caller' | 'signal'>) {
  let timer: ReturnType<typeof setInterval> | undefined
  let onFail = (_: unknown) => {}
  // Who went away made no error of ours; who was cut off at the deadline may try again.
  const onAbort = () =>
    watch.fail(
      caller.aborted ? bodyEndedEarly() : new AppError('unavailable', 'The request took too long.'),
    )
  const watch = {
    isOver: false,
    start(fail: (err: unknown) => void) {
      onFail = fail
      timer = setInterval(() => {
        if (pace.isSlow) watch.fail(tooSlow())
      }, checkMs)
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) onAbort()
    },
    fail(err: unknown) {
      watch.stop()
      onFail(err)
    },
    stop() {
      watch.isOver = true
      clearInterval(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
  return watch
}
