import { createServer } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createRelayClient } from './client.ts'
import { eventually, newRunFolder, relayCalls, relayLine, setupRelay } from './relay.fixture.ts'
import { startRelay } from './server.ts'

function newClient(socketPath: string) {
  const client = createRelayClient(socketPath)
  onTestFinished(() => client.close())
  return client
}

test('what is sent while the relay is away arrives when it comes, in order', async () => {
  const run = await newRunFolder()
  const { socketPath, messages } = relayCalls(run)
  const client = newClient(socketPath)
  for (const msg of ['one', 'two', 'three']) client.send(relayLine({ msg }))
  await client.flush(50)
  const relay = await startRelay({ run, redis: null })
  onTestFinished(() => relay.close())
  await client.flush(5_000)
  expect([await messages(), client.dropped]).toEqual([['three', 'two', 'one'], 0])
})

test('a full queue loses its oldest lines, and the relay learns how many', async () => {
  const run = await newRunFolder()
  const { socketPath, health, messages } = relayCalls(run)
  const client = newClient(socketPath)
  for (let i = 0; i < 1_500; i += 1) client.send(relayLine({ msg: `line ${i}` }))
  expect(client.dropped).toBe(500)
  const relay = await startRelay({ run, redis: null })
  onTestFinished(() => relay.close())
  await client.flush(5_000)
  expect((await health()).counters).toMatchObject({ kept: 1_000, lost: { unsent: 500 } })
  expect((await messages())[0]).toBe('line 1499')
})

test('a batch whose reply was lost is sent again under the same number', async () => {
  const run = await newRunFolder()
  const batches: string[] = []
  const server = createServer((req, res) => {
    batches.push(`${req.headers['x-batch']}`)
    req.resume().on('end', () => {
      if (batches.length === 1) req.socket.destroy()
      else res.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(join(run, 'relay.sock'), resolve))
  onTestFinished(() => void server.close())
  const client = newClient(join(run, 'relay.sock'))
  client.send(relayLine())
  await client.flush(5_000)
  expect(batches).toHaveLength(2)
  expect(new Set(batches).size).toBe(1)
})

test('sending returns at once while the relay stands still, and flushing ends at its deadline', async () => {
  const run = await newRunFolder()
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(join(run, 'relay.sock'), resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const client = newClient(join(run, 'relay.sock'))
  for (let i = 0; i < 5_000; i += 1) client.send(relayLine())
  await client.flush(100)
  expect(client.dropped).toBeGreaterThanOrEqual(3_800)
})

test('many clients send at once without losing a line', async () => {
  const { socketPath, health } = await setupRelay()
  const clients = Array.from({ length: 5 }, () => newClient(socketPath))
  for (const client of clients) for (let i = 0; i < 900; i += 1) client.send(relayLine())
  await Promise.all(clients.map((client) => client.flush(5_000)))
  await eventually(async () => (await health()).counters.kept === 4_500)
})
