import { expect, onTestFinished, test, vi } from 'vitest'
import { recordedLog } from '../../../test/harness/log.ts'
import type { Call } from './call.ts'
import { eventStream, pause } from './sse.ts'

/** The parts of a call that a stream uses. */
function calling(stillAdmitted = async () => true, method = 'GET') {
  const caller = new AbortController()
  const log = recordedLog()
  const request = new Request('http://octavo/events', { method })
  const c = { request, signal: caller.signal, log, stillAdmitted } as unknown as Call
  return { caller, log, c }
}

test('events come as they are made, with id, name and data, and the stream ends with the last', async () => {
  const { c } = calling()
  const response = eventStream(c, async function* () {
    yield { event: 'a', data: { line: 'one\ntwo' }, id: '7' }
    yield { event: 'b', data: null }
  })
  expect(await response.text()).toBe(
    'id: 7\nevent: a\ndata: {"line":"one\\ntwo"}\n\nevent: b\ndata: null\n\n',
  )
})

test('a HEAD is answered without a stream, which nobody would ever read or close', async () => {
  const { c } = calling(undefined, 'HEAD')
  let made = 0
  const response = eventStream(c, async function* () {
    while (made < 1_000) yield { event: 'a', data: ++made }
  })
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  expect([made, response.body]).toEqual([0, null])
  expect(response.headers.get('content-type')).toBe('text/event-stream')
})

test('a reader who does not read holds the making of events back', async () => {
  const { c } = calling()
  let made = 0
  const response = eventStream(c, async function* () {
    while (made < 1_000) yield { event: 'a', data: ++made }
  })
  const reader = response.body?.getReader()
  await reader?.read()
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
  expect(made).toBeLessThan(5)
  for (let read = 0; read < 100; read += 1) await reader?.read()
  expect(made).toBeGreaterThan(100)
  await reader?.cancel()
})

test.each(['the reader', 'the caller'])(
  'when %s goes away, the making of events ends',
  async (who) => {
    const { c, caller } = calling()
    const ended = Promise.withResolvers<void>()
    const response = eventStream(c, async function* (signal) {
      try {
        yield { event: 'a', data: 1 }
        yield { event: 'a', data: 2 }
        await pause(60_000, signal)
      } finally {
        ended.resolve()
      }
    })
    const reader = response.body?.getReader()
    await reader?.read()
    if (who === 'the reader') await reader?.cancel()
    else caller.abort()
    await ended.promise
  },
)

test('a failure ends the stream and is logged', async () => {
  const { c, log } = calling()
  const response = eventStream(c, async function* () {
    yield { event: 'a', data: 1 }
    throw new Error('the database went away')
  })
  expect(await response.text()).toBe('event: a\ndata: 1\n\n')
  expect(JSON.stringify(log.lines)).toContain('event stream ended early')
})

/** A stream that has nothing to say, under a clock of the test's own. */
function silentStream(stillAdmitted: () => Promise<boolean>) {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { c, log } = calling(stillAdmitted)
  const state = { isOver: false }
  const response = eventStream(c, async function* (signal) {
    while (!signal.aborted) await pause(60_000, signal)
    yield { event: 'late', data: 'nobody may read this' }
  })
  const text = response.text().finally(() => {
    state.isOver = true
  })
  return { log, state, text }
}

test('a caller is asked for once a second, and the stream ends when it is no longer admitted', async () => {
  const answers = [true, true, false]
  const { log, state, text } = silentStream(async () => answers.shift() ?? true)
  await vi.advanceTimersByTimeAsync(2_999)
  expect([state.isOver, answers]).toEqual([false, [false]])
  await vi.advanceTimersByTimeAsync(1)
  expect(await text).toBe('')
  expect(log.lines).toMatchObject([{ level: 'info' }])
  expect(vi.getTimerCount()).toBe(0)
})

test('a stream ends when nobody can tell whether its caller is still admitted', async () => {
  const { log, text } = silentStream(() => Promise.reject(new Error('the database went away')))
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await text).toBe('')
  expect(log.lines).toMatchObject([{ level: 'warn', message: 'event stream ended early' }])
})
