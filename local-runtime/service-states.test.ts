import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newRunFolder } from './relay/relay.fixture.ts'
import { startRelay } from './relay/server.ts'
import { newServiceStates } from './service-states.ts'
import type { KeptService } from './supervisor/supervisor.ts'

const kept = (name: string, fields: Partial<KeptService> = {}): KeptService => ({
  name,
  pid: 100,
  restarts: 0,
  silentMs: 300,
  version: null,
  remark: null,
  ...fields,
})
const program = { silentMs: null }
const whole = [
  kept('postgres', program),
  kept('redis', program),
  kept('relay'),
  kept('isolate users,keys', { restarts: 2 }),
  kept('worker'),
  kept('caddy', { ...program, version: '2.6.2' }),
]
const without = (name: string) => whole.filter((service) => service.name !== name)

async function serveSupervisor(run: string, answer: RequestListener): Promise<void> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(join(run, 'supervisor.sock'), resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
}

/** A real relay, and a supervisor that tells what the test says. */
async function setupServices(services: KeptService[] = whole) {
  const run = await newRunFolder()
  const relay = await startRelay({ run, redis: null })
  onTestFinished(() => relay.close())
  const asked: (string | undefined)[] = []
  await serveSupervisor(run, (req, res) => {
    asked.push(`${req.method} ${req.url}`)
    res.end(JSON.stringify({ services }))
  })
  return { run, relay, asked, states: newServiceStates(run) }
}

test('an isolate that runs without one of its functions is degraded, and says which', async () => {
  const remark = 'keys cannot be loaded'
  const isolate = kept('isolate users,keys', { remark })
  const { states } = await setupServices([...without('isolate users,keys'), isolate])
  expect((await states())['isolate users,keys']).toMatchObject({
    status: 'degraded',
    detail: remark,
  })
})

test('each process is told with its restarts; what functions ask themselves is left to them', async () => {
  const { states } = await setupServices()
  expect(await states()).toEqual({
    supervisor: { status: 'ok' },
    relay: { status: 'ok', pid: 100, restarts: 0 },
    'isolate users,keys': { status: 'ok', pid: 100, restarts: 2 },
    worker: { status: 'ok', pid: 100, restarts: 0 },
    caddy: { status: 'ok', pid: 100, restarts: 0, version: '2.6.2' },
  })
})

test.each(['worker', 'isolate users,keys', 'caddy', 'relay'])(
  'a %s that ended is down until it runs again',
  async (name) => {
    const ended = kept(name, { pid: null, silentMs: null, restarts: 3 })
    const { states } = await setupServices([...without(name), ended])
    const told = { status: 'down', restarts: 3, detail: 'It does not run.' }
    expect((await states())[name]).toEqual(told)
  },
)

test.each(['worker', 'caddy', 'relay'])('a %s that was never started is down too', async (name) => {
  const { states } = await setupServices(without(name))
  expect((await states())[name]).toMatchObject({ status: 'down' })
})

test('a worker that is there but has not been heard for long is degraded', async () => {
  const { states } = await setupServices([
    ...without('worker'),
    kept('worker', { silentMs: 4_000 }),
  ])
  const worker = { status: 'degraded', pid: 100, detail: 'Not heard for 4000 ms.' }
  expect((await states()).worker).toMatchObject(worker)
})

test('a relay that runs and does not answer is degraded', async () => {
  const { relay, states } = await setupServices()
  await relay.close()
  expect((await states()).relay).toMatchObject({ status: 'degraded', pid: 100 })
})

test('with nobody there at all it resolves, and says so', async () => {
  expect(await newServiceStates(await newRunFolder())()).toMatchObject({
    supervisor: { status: 'degraded' },
    relay: { status: 'degraded' },
  })
})

test.each<[string, RequestListener]>([
  ['hangs', () => {}],
  ['stops half-way', (_, res) => res.write('{"services":[')],
  [
    'sends a byte now and then',
    (_, res) => {
      const timer = setInterval(() => res.write(' '), 50)
      res.on('close', () => clearInterval(timer))
    },
  ],
  ['talks nonsense', (_, res) => res.end('nonsense')],
  ['fails', (_, res) => res.writeHead(500).end()],
])('a supervisor that %s holds nobody up and is degraded', async (_, answer) => {
  const run = await newRunFolder()
  await serveSupervisor(run, answer)
  expect((await newServiceStates(run)()).supervisor).toMatchObject({ status: 'degraded' })
})

test('a supervisor of earlier code is no fault', async () => {
  const run = await newRunFolder()
  await serveSupervisor(run, (_, res) => res.writeHead(404).end())
  expect(await newServiceStates(run)()).toMatchObject({
    supervisor: { status: 'ok', detail: expect.stringContaining('earlier code') },
  })
})

test('however many ask at once, the supervisor is asked once, and again for who asks later', async () => {
  const { states, asked } = await setupServices()
  await Promise.all(Array.from({ length: 50 }, states))
  expect(asked).toEqual(['GET /services'])
  await states()
  expect(asked).toHaveLength(2)
})
