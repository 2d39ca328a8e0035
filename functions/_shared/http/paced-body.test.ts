import { expect, test } from 'vitest'
import { testClock } from '../../../test/harness/clock.ts'
import { pacedBody } from './paced-body.ts'

const megabyte = 1024 * 1024

/** A caller who takes `ms` for each chunk of `bytes`. */
function caller({ chunks, bytes, ms }: { chunks: number; bytes: number; ms: number }) {
  const clock = testClock()
  let sent = 0
  let isCancelled = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        clock.advance(ms)
        if (sent++ < chunks) controller.enqueue(new Uint8Array(bytes))
        else controller.close()
      },
      cancel() {
        isCancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, clock, isCancelled: () => isCancelled }
}

const drained = async (body: ReadableStream<Uint8Array>) => {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.byteLength
  return bytes
}
const never = new AbortController().signal

test('a body below 64 KB/s is refused once its grace is over, and its source is let go', async () => {
  const { body, clock, isCancelled } = caller({ chunks: 100, bytes: 10_000, ms: 1_000 })
  const paced = pacedBody(body, {
    bytesMax: megabyte,
    caller: never,
    signal: never,
    now: clock.now,
  })
  await expect(drained(paced)).rejects.toMatchObject({ code: 'malformed', status: 400 })
  expect(isCancelled()).toBe(true)
})

test('a slow start, a short body and a steady 100 KB/s are let through', async () => {
  for (const pace of [
    { chunks: 2, bytes: 100, ms: 4_000 },
    { chunks: 10, bytes: 100_000, ms: 1_000 },
  ]) {
    const { body, clock } = caller(pace)
    const paced = pacedBody(body, {
      bytesMax: megabyte,
      caller: never,
      signal: never,
      now: clock.now,
    })
    expect(await drained(paced)).toBe(pace.chunks * pace.bytes)
  }
})

test('time that the reader takes is not held against the caller', async () => {
  const { body, clock } = caller({ chunks: 5, bytes: 1_000, ms: 0 })
  const paced = pacedBody(body, {
    bytesMax: megabyte,
    caller: never,
    signal: never,
    now: clock.now,
  })
  let bytes = 0
  for await (const chunk of paced) {
    clock.advance(60_000)
    bytes += chunk.byteLength
  }
  expect(bytes).toBe(5_000)
})

test('a caller who stalls is refused although no further chunk arrives', async () => {
  const clock = testClock()
  const pull = () => {
    clock.advance(16_000)
    return new Promise<void>(() => {})
  }
  const body = new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 })
  const paced = pacedBody(body, {
    bytesMax: megabyte,
    caller: never,
    signal: never,
    now: clock.now,
  })
  await expect(drained(paced)).rejects.toMatchObject({ code: 'malformed' })
})

test('bytes are counted, whatever was announced', async () => {
  const { body, clock, isCancelled } = caller({ chunks: 3, bytes: 1_000, ms: 0 })
  const paced = pacedBody(body, { bytesMax: 2_999, caller: never, signal: never, now: clock.now })
  await expect(drained(paced)).rejects.toMatchObject({ code: 'payload_too_large' })
  expect(isCancelled()).toBe(true)
})

test('a body that breaks off is the caller’s fault, one that is cut off at the deadline is not', async () => {
  const broken = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('reset')) })
  const { now } = testClock()
  const options = { bytesMax: megabyte, caller: never, signal: never, now }
  await expect(drained(pacedBody(broken, options))).rejects.toMatchObject({ code: 'malformed' })
  const ended = async (aborted: Partial<typeof options>, by: AbortController) => {
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) })
    const outcome = drained(pacedBody(silent, { ...options, ...aborted }))
    by.abort()
    return outcome.catch((err: unknown) => Reflect.get(Object(err), 'code'))
  }
  const gone = new AbortController()
  expect(await ended({ caller: gone.signal, signal: gone.signal }, gone)).toBe('malformed')
  const late = new AbortController()
  expect(await ended({ signal: late.signal }, late)).toBe('unavailable')
})
