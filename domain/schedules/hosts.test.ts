import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { type Db, openDatabase, type Tx } from '../../db/client.ts'
import { storeSchedule } from '../../test/fixtures/schedule.ts'
import { onFileEnd, testDatabase } from '../../test/harness/database.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { recordStatement } from '../../test/harness/statements.ts'
import { type Firing, fireDueSchedules } from './firing.ts'

/** One host, with connections of its own. */
async function host(number: number): Promise<Db> {
  const { url } = await testDatabase()
  const database = openDatabase({
    ...{ url, poolMax: 4, prepare: true, applicationName: `host-${number}` },
    ...{ statementTimeoutMs: 10_000, connectTimeoutMs: 5_000, onStatement: recordStatement },
  })
  onFileEnd(() => database.close())
  return database.db
}

const hosts = await Promise.all([1, 2, 3].map(host))
const minuteMs = 60_000
const begin = Date.parse('2026-11-20T08:00:00Z')
const minutes = Array.from({ length: 10 }, (_, index) => new Date(begin + (index + 1) * minuteMs))
const asText = (times: readonly Date[]) => times.map((time) => time.toISOString())

test('in ten minutes a one-minute schedule fires ten times on three hosts', async () => {
  const schedule = await storeSchedule('2026-11-20T08:00:00Z')
  const begun: string[] = []
  const firings: Firing[][] = []
  for (const now of minutes) {
    firings.push(...(await Promise.all(hosts.map((db) => fireDueSchedules(db, { now })))))
    begun.push(...(await schedule.begin()))
  }
  expect(begun).toEqual(asText(minutes))
  expect(firings.flat().filter(({ scheduleId }) => scheduleId === schedule.id)).toHaveLength(10)
})

test('it fires ten times when each host tries five times at once, and between the times', async () => {
  const schedule = await storeSchedule('2026-11-20T08:00:00Z', { catchUp: 'all' })
  const firings: Firing[][] = []
  for (const minute of minutes) {
    const tries = [0, 0, 500, 30_000, 59_999].map((ms) => new Date(minute.getTime() + ms))
    const racing = hosts.flatMap((db) => tries.map((now) => fireDueSchedules(db, { now })))
    firings.push(...(await Promise.all(racing)))
  }
  // Counted, too, because jobs of the same time would be kept apart by their dedupe key alone.
  expect(firings.flat().filter(({ scheduleId }) => scheduleId === schedule.id)).toHaveLength(10)
  expect(await schedule.waiting()).toEqual(asText(minutes))
})

/** The host as it is when its connection is cut after the n-th statement of a transaction, nested ones counted. */
function cutAfter(db: Db, statement: number): Db {
  let count = 0
  const watched = (tx: Tx): Tx => {
    const execute = async (query: Parameters<Tx['execute']>[0]) => {
      const rows = await tx.execute(query)
      count += 1
      if (count === statement) await cut(tx)
      return rows
    }
    const transaction = (work: (inner: Tx) => Promise<unknown>) =>
      tx.transaction((inner) => work(watched(inner)))
    return Object.assign(Object.create(tx), { execute, transaction })
  }
  const transaction = (work: (tx: Tx) => Promise<unknown>) =>
    db.transaction((tx) => work(watched(tx)))
  return Object.assign(Object.create(db), { transaction })
}

async function cut(tx: Tx): Promise<void> {
  const { db } = await openTestDatabase()
  const [own] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  await db.execute(sql`select pg_terminate_backend(${own?.pid}::int)`)
}

test.each([
  [1, 'when it has the lock'],
  [2, 'when its job is in'],
  [3, 'when all is written but the commit'],
])('a host that dies after statement %i, %s, leaves the time to another', async (statement) => {
  const [first, second, third] = hosts as [Db, Db, Db]
  const schedule = await storeSchedule('2026-11-20T08:00:00Z', { catchUp: 'all' })
  const now = new Date('2026-11-20T08:01:00Z')
  await expect(fireDueSchedules(cutAfter(first, statement), { now })).rejects.toThrow()
  expect(await schedule.waiting()).toEqual([])
  await Promise.all([second, third, first].map((db) => fireDueSchedules(db, { now })))
  expect(await schedule.waiting()).toEqual(['2026-11-20T08:01:00.000Z'])
  expect(await schedule.row()).toMatchObject({ nextAt: new Date('2026-11-20T08:02:00Z') })
})
