import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { onFileEnd, testDatabase } from '../test/harness/database.ts'
import { openDatabase } from './client.ts'
import { isUnavailable } from './errors.ts'

/** How long Postgres' return may go unnoticed. */
const noticedWithinMs = 2_000
const statementTimeoutMs = 1_500
/** The client's own deadline comes this much after the server's. */
const deadlineMs = statementTimeoutMs + 1_000

/** The way to the database, which can be cut, held up and restored. */
async function wayTo(url: URL) {
  const sockets = new Set<Socket>()
  let server: Server | undefined
  let isFrozen = false
  const { hostname } = url
  const databasePort = Number(url.port)
  const port = await listen(0)

  function listen(at: number): Promise<number> {
    server = createServer((near) => {
      const far = connect(databasePort, hostname)
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from)
        from.on('data', (chunk) => isFrozen || to.write(chunk))
        from.on('error', () => to.destroy())
        from.on('close', () => to.destroy())
      }
    })
    const opened = server.listen(at, '127.0.0.1')
    return once(opened, 'listening').then(() => (opened.address() as AddressInfo).port)
  }

  return {
    port,
    freeze() {
      isFrozen = true
    },
    cut() {
      server?.close()
      for (const socket of sockets) socket.destroy()
      sockets.clear()
    },
    async restore() {
      isFrozen = false
      await listen(port)
    },
  }
}

async function setup() {
  const url = new URL((await testDatabase()).url)
  const way = await wayTo(url)
  url.port = String(way.port)
  const texts: string[] = []
  const database = openDatabase({
    url: url.href,
    poolMax: 3,
    prepare: true,
    applicationName: 'octavo-outage',
    statementTimeoutMs,
    connectTimeoutMs: 1_000,
    onStatement: (text) => texts.push(text),
  })
  onFileEnd(async () => {
    way.cut()
    await database.close()
  })
  const read = () => database.db.execute(sql`select ${1}::int as one`)
  return { ...way, db: database.db, read, texts }
}

const outcomeOf = (call: PromiseLike<unknown>) =>
  call.then(
    () => 'ok',
    (err: unknown) => (isUnavailable(err) ? 'unavailable' : `other: ${err}`),
  )

async function timed<T>(call: Promise<T>): Promise<{ outcome: T; ms: number }> {
  const startedAt = performance.now()
  return { outcome: await call, ms: performance.now() - startedAt }
}

test('while Postgres is away every call fails inside its deadline, and works again soon after its return', async () => {
  const { db, read, cut, restore } = await setup()
  await read()
  cut()
  const calls = [
    ...Array.from({ length: 50 }, read),
    db.transaction((tx) => tx.execute(sql`select 1`)),
  ]
  const { outcome, ms } = await timed(Promise.all(calls.map(outcomeOf)))
  expect(new Set(outcome)).toEqual(new Set(['unavailable']))
  // Some slack: this is a promise about minutes versus seconds, and the machine is shared.
  expect(ms).toBeLessThan(2 * deadlineMs)
  await restore()
  const deadline = performance.now() + noticedWithinMs
  let answered = false
  while (!answered && performance.now() < deadline) answered = (await outcomeOf(read())) === 'ok'
  expect(answered).toBe(true)
})

test('an outage shorter than a moment is not seen by readers', async () => {
  const { read, cut, restore } = await setup()
  await read()
  cut()
  const reads = Promise.all(Array.from({ length: 10 }, read).map(outcomeOf))
  await restore()
  expect(new Set(await reads)).toEqual(new Set(['ok']))
})

test('a write whose connection broke is reported, never sent twice', async () => {
  const { db, cut, restore, texts } = await setup()
  await db.execute(sql`create table if not exists writes (n int)`)
  // Long enough to be seen at work on a busy machine, or the next loop would have no end.
  const write = outcomeOf(db.execute(sql`insert into writes select ${1}::int from pg_sleep(1.2)`))
  const running = sql`select from pg_stat_activity where datname = current_database() and query like 'insert into writes%'
    and state = 'active'`
  while ((await db.execute(running)).length === 0);
  cut()
  await restore()
  expect(await write).toBe('unavailable')
  expect(texts.filter((text) => text.startsWith('insert'))).toHaveLength(1)
})

test('a database that takes everything and answers nothing is given up at the deadline', async () => {
  const { db, read, freeze } = await setup()
  await read()
  freeze()
  const calls = [read(), db.transaction((tx) => tx.execute(sql`select 1`))]
  const { outcome, ms } = await timed(Promise.all(calls.map(outcomeOf)))
  expect(outcome).toEqual(['unavailable', 'unavailable'])
  expect(ms).toBeLessThan(2 * deadlineMs + 1_000)
})

test('a program starts while Postgres is away', async () => {
  const { read, cut, restore } = await setup()
  cut()
  expect(await outcomeOf(read())).toBe('unavailable')
  await restore()
  let last = ''
  const deadline = performance.now() + noticedWithinMs
  while (last !== 'ok' && performance.now() < deadline) last = await outcomeOf(read())
  expect(last).toBe('ok')
})
