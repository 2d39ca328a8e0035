import { expect, test } from 'vitest'
import { caddyLine, eventually, relayLine, setupRelay } from './relay.fixture.ts'

test('lines of processes become entries, newest first, and info lines do not', async () => {
  const { post, entries } = await setupRelay()
  const lines = [
    relayLine({ msg: 'first' }),
    relayLine({ msg: 'second' }),
    relayLine({ level: 30 }),
  ]
  expect((await post(lines)).status).toBe(204)
  const page = await entries()
  expect(page.entries.map(({ message }) => message)).toEqual(['second', 'first'])
  expect(page).toMatchObject({ degraded: true, dropped: 0 })
  expect((await entries('?limit=1')).entries).toHaveLength(1)
})

test('a failing request of which function and Caddy tell is one entry, the one of the function', async () => {
  const { post, connectAsCaddy, health, entries } = await setupRelay()
  const caddy = await connectAsCaddy()
  const answered = (id: string) => relayLine({ request_id: id, status: 500, msg: `by ${id}` })
  await post([answered('function-first')])
  caddy.write(`${caddyLine('function-first', 500)}\n${caddyLine('caddy-first', 500)}\n`)
  await eventually(async () => (await health()).counters.received === 3)
  await post([answered('caddy-first')])
  expect((await health()).counters.merged).toBe(2)
  const sources = (await entries()).entries.map(({ source, message }) => [source, message])
  expect(sources).toEqual([
    ['function', 'by caddy-first'],
    ['function', 'by function-first'],
  ])
})

test('a 502 of Caddy without a line of the function stays, also when the function had warned before', async () => {
  const { post, connectAsCaddy, entries } = await setupRelay()
  await post([relayLine({ request_id: 'killed-1', msg: 'slow query' })])
  const caddy = await connectAsCaddy()
  caddy.write(`${caddyLine('killed-1')}\n`)
  const all = await eventually(async () => {
    const { entries: found } = await entries()
    return found.length === 2 && found
  })
  expect(all[0]).toMatchObject({
    source: 'caddy',
    level: 'error',
    status: 502,
    function: 'users',
    request_id: 'killed-1',
    path: '/v1/users',
  })
})

test.each([
  ['no JSON', 'garbage', 'garbled'],
  ['JSON that is no line', '{"a":1}', 'garbled'],
  ['bytes that are no text', '\u0000\u0001\ufffd', 'garbled'],
  ['a line longer than 64 KB', 'x'.repeat(70_000), 'oversized'],
] as const)('%s is counted as lost, and the next line is read', async (_, text, kind) => {
  const { post, connectAsCaddy, health } = await setupRelay()
  await post(`${text}\n${JSON.stringify(relayLine())}`)
  const caddy = await connectAsCaddy()
  caddy.write(`${text}\n${caddyLine('a-request', 200)}\n`)
  const { counters, dropped } = await eventually(async () => {
    const state = await health()
    return state.counters.ignored === 1 && state
  })
  expect([counters.lost[kind], counters.kept, dropped]).toEqual([2, 1, 2])
})

test('half a line of a connection that breaks is counted, a line in two parts is read', async () => {
  const { connectAsCaddy, health } = await setupRelay()
  const [broken, slow] = [await connectAsCaddy(), await connectAsCaddy()]
  const line = caddyLine('in-two-parts', 200)
  slow.write(line.slice(0, 50))
  broken.end(line.slice(0, 50))
  await eventually(async () => (await health()).counters.lost.garbled === 1)
  slow.write(`${line.slice(50)}\n`)
  await eventually(async () => (await health()).counters.ignored === 1)
})

test('a batch that is sent again counts once', async () => {
  const { post, messages } = await setupRelay()
  const headers = { 'x-batch': 'sender-01.1' }
  await post([relayLine({ msg: 'one' })], headers)
  expect((await post([relayLine({ msg: 'one' })], headers)).status).toBe(204)
  await post([relayLine({ msg: 'two' })], { 'x-batch': 'sender-01.2' })
  await post([relayLine({ msg: 'other' })], { 'x-batch': 'sender-02.1' })
  expect(await messages()).toEqual(['other', 'two', 'one'])
})

test('a batch above 4 MB is refused and nothing of it is kept', async () => {
  const { post, messages } = await setupRelay()
  const lines = Array.from({ length: 90 }, () => relayLine({ msg: 'x'.repeat(50_000) }))
  expect((await post(lines)).status).toBe(413)
  expect(await messages()).toEqual([])
})

test('what was lost anywhere stands in the list itself when the relay ends', async () => {
  const { post, relay, health } = await setupRelay()
  await post('garbage', { 'x-dropped': '7' })
  expect(await health()).toMatchObject({
    dropped: 8,
    counters: { lost: { garbled: 1, unsent: 7 } },
  })
  await relay.close()
  await expect(health()).rejects.toThrow()
})

test('equal failures are counted in groups', async () => {
  const { post, groups } = await setupRelay()
  await post([1, 2, 3].map((n) => relayLine({ msg: `job ${n} failed`, code: 'timeout' })))
  const { items, since } = await groups()
  expect(items).toEqual([
    expect.objectContaining({ count: 3, message: 'job # failed', code: 'timeout', level: 'warn' }),
  ])
  expect(Date.parse(since)).toBeLessThanOrEqual(Date.parse(items[0]?.first_time ?? ''))
})
