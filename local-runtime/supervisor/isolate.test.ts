import { createConnection } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ask, keepAsking, startIsolates, until } from './testing.ts'

type Isolates = Awaited<ReturnType<typeof startIsolates>>

const opened: Isolates[] = []

async function start(...args: Parameters<typeof startIsolates>): Promise<Isolates> {
  const isolates = await startIsolates(...args)
  opened.push(isolates)
  return isolates
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((isolates) => isolates.stop()))
})

const concurrency = 8

test('a killed isolate loses at most the requests it held, and all others wait for its successor', async () => {
  const { keepers, socketOf } = await start([['steady']])
  const load = keepAsking(socketOf('steady'), '/', concurrency)
  for (let kill = 1; kill <= 3; kill += 1) {
    await until('the load', () => load.counts.pids.size >= kill)
    process.kill(keepers[0]?.running?.pid ?? 0, 'SIGKILL')
  }
  await until('the last successor', () => load.counts.pids.size === 4)
  const { failed, served } = await load.stop()
  expect(failed).toBeLessThanOrEqual(3 * concurrency)
  expect(served).toBeGreaterThan(failed)
})

test('replacing an isolate under load drops no request, and the predecessor ends', async () => {
  const { keepers, socketOf, replace } = await start([['steady']])
  const load = keepAsking(socketOf('steady'), '/?wait_ms=20', concurrency)
  for (let round = 1; round <= 3; round += 1) {
    await until('the load', () => load.counts.pids.size >= round)
    await replace()
  }
  await until('the last successor', () => load.counts.pids.size === 4)
  expect(await load.stop()).toMatchObject({ failed: 0 })
  await until('the end of the predecessors', () => keepers[0]?.draining.length === 0)
})

test('a request that a replaced isolate holds is answered by it, however many come after', async () => {
  const { keepers, socketOf, replace } = await start([['steady']])
  const before = keepers[0]?.running?.pid
  const slow = ask(socketOf('steady'), '/?wait_ms=1500')
  await replace()
  await until('the successor alone', async () => {
    const { pid } = JSON.parse((await ask(socketOf('steady'), '/')).text)
    return pid === keepers[0]?.running?.pid
  })
  expect(JSON.parse((await slow).text).pid).toBe(before)
})

test('an isolate that blocks its event loop is killed, replaced, and named with the function it was in', async () => {
  const { lines, socketOf } = await start([['steady', 'blocking']], {
    OCTAVO_ISOLATE_HEARTBEAT_MS: '1000',
  })
  const lost = ask(socketOf('blocking'), '/block').catch(() => 'lost')
  expect(await lost).toBe('lost')
  expect((await ask(socketOf('steady'), '/')).status).toBe(200)
  expect(lines).toContainEqual({
    level: 'error',
    message: 'isolate steady,blocking blocked its event loop and was killed; it was in blocking',
    fields: expect.objectContaining({ code: 'process_killed', function: 'blocking' }),
  })
})

test('an isolate that takes more memory than its limit is killed and replaced', async () => {
  const { lines, socketOf } = await start([['blocking']], { OCTAVO_ISOLATE_MEMORY_MB: '64' })
  const first = JSON.parse((await ask(socketOf('blocking'), '/fill')).text).pid
  await until('the kill', () => lines.some(({ message }) => message.includes('its memory limit')))
  await until('the successor', async () => {
    const reply = await ask(socketOf('blocking'), '/').catch(() => null)
    return reply !== null && JSON.parse(reply.text).pid !== first
  })
})

test('a function that cannot be loaded answers 503 at its own socket, and its neighbour serves', async () => {
  const { keepers, socketOf } = await start([['broken', 'steady']])
  expect(keepers[0]?.running?.remark).toMatch(
    /^cannot be loaded and answer 503: broken \(SyntaxError: .* \(test\/fixtures\/broken-function\.ts:2:\d+\)\)$/,
  )
  const refused = await ask(socketOf('broken'), '/v1/broken')
  expect(refused).toMatchObject({ status: 503, type: 'application/problem+json' })
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'unavailable', status: 503 })
  expect(refused.text).not.toContain('JSON')
  expect((await ask(socketOf('steady'), '/')).status).toBe(200)
})

test('code that cannot be loaded takes nothing over: not one request sees it, and it says why', async () => {
  const { keepers, socketOf, replace } = await start([['steady', 'blocking']])
  const before = keepers[0]?.running?.pid
  const load = keepAsking(socketOf('steady'), '/', concurrency)
  await expect(replace({ steady: 'broken' })).rejects.toThrow(
    /^steady cannot be loaded: SyntaxError: .* \(test\/fixtures\/broken-function\.ts:2:\d+\)$/,
  )
  expect(keepers[0]?.running?.pid).toBe(before)
  expect(await load.stop()).toMatchObject({ failed: 0 })
  expect(load.counts.pids.size).toBe(1)
  await replace({ steady: 'steady' })
  expect(keepers[0]?.running?.pid).not.toBe(before)
})

test('a function that was broken before may still be broken: its neighbours get their new code', async () => {
  const { keepers, socketOf, replace } = await start([['broken', 'steady']])
  const before = keepers[0]?.running?.pid
  await replace()
  expect(keepers[0]?.running?.pid).not.toBe(before)
  expect((await ask(socketOf('steady'), '/')).status).toBe(200)
})

test('an isolate that dies is started again also when one function of it cannot be loaded any more', async () => {
  const { keepers, release, socketOf } = await start([['steady', 'blocking']])
  release.manifest.functions.blocking = 'removed.mjs'
  process.kill(keepers[0]?.running?.pid ?? 0, 'SIGKILL')
  await until('the neighbour serves', async () => {
    const reply = await ask(socketOf('steady'), '/').catch(() => null)
    return reply?.status === 200
  })
  expect((await ask(socketOf('blocking'), '/')).status).toBe(503)
})

test('an error that nobody caught ends the isolate, and another takes its place', async () => {
  const { socketOf, lines } = await start([['steady']])
  const first = JSON.parse((await ask(socketOf('steady'), '/crash')).text).pid
  await until('the successor', async () => {
    const reply = await ask(socketOf('steady'), '/').catch(() => null)
    return reply !== null && JSON.parse(reply.text).pid !== first
  })
  expect(lines.map(({ message }) => message)).toContain('isolate steady ended unexpectedly')
})

test('a request that is never answered gets 503 problem+json at its deadline', async () => {
  const { socketOf } = await start([['steady']], { REQUEST_TIMEOUT_MS: '100' })
  const late = await ask(socketOf('steady'), '/never')
  expect(late).toMatchObject({ status: 503, type: 'application/problem+json' })
})

test('an error that escapes a function is answered as a problem without a word of it', async () => {
  const { socketOf } = await start([['steady']])
  const failed = await ask(socketOf('steady'), '/throws')
  expect(failed).toMatchObject({ status: 500, type: 'application/problem+json' })
  expect(failed.text).not.toContain('select')
})

test('a body that fails half-way is cut off, and the error is not added to it', async () => {
  const { socketOf } = await start([['steady']])
  const received = await rawExchange(socketOf('steady'), 'GET /half HTTP/1.1\r\nHost: a\r\n\r\n')
  expect(received).toMatch(/half .*half /s)
  expect(received).not.toContain('password')
  expect(received).not.toMatch(/\r\n0\r\n\r\n$/)
})

test.each([
  ['bytes that are no HTTP', 'nonsense\r\n\r\n', '400'],
  ['header fields that are too large', `GET / HTTP/1.1\r\nA: ${'x'.repeat(20_000)}\r\n\r\n`, '413'],
])('%s are answered with problem+json', async (_what, bytes, status) => {
  const { socketOf } = await start([['steady']])
  const received = await rawExchange(socketOf('steady'), bytes)
  expect(received).toContain(`HTTP/1.1 ${status} `)
  expect(received).toContain('content-type: application/problem+json')
})

/** Sends bytes as they are and collects what comes back until the connection ends. */
function rawExchange(path: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = createConnection({ path })
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
    socket.write(bytes)
  })
}
