import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd } from '../test/harness/database.ts'
import { openDatabase } from './client.ts'
import { dropOldPartitions, ensurePartitions, uuidBound } from './partitions.ts'

const tenantId = '01930000-0000-7000-8000-00000000000a'
const at = (text: string) => new Date(`${text}Z`)

async function setup() {
  const { url } = await createTestDatabase()
  const database = openDatabase({
    url,
    poolMax: 3,
    prepare: true,
    applicationName: 'octavo-test',
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
  })
  onFileEnd(() => database.close())
  const { db } = database
  await db.execute(sql`insert into tenants (id, name) values (${tenantId}, 'a')`)
  const event = (madeAt: Date, last: string) =>
    db.execute(sql`insert into run_events (tenant_id, id, job_id, type) values
      (${tenantId}, ${uuidBound(madeAt).slice(0, -1) + last}, ${tenantId}, 'log')`)
  const eventsByTable = async () => {
    const rows = await db.execute<{ name: string }>(
      sql`select tableoid::regclass::text as name from run_events order by id`,
    )
    return rows.map(({ name }) => name)
  }
  return { db, event, eventsByTable }
}

test('the bound of a moment is the smallest UUIDv7 of its millisecond', () => {
  expect(uuidBound(new Date(0x0193_4567_89ab))).toBe('01934567-89ab-0000-0000-000000000000')
})

test('this month and the two next ones are made, across the year, once however many hosts ask', async () => {
  const { db } = await setup()
  const now = at('2030-11-30T23:59:59.999')
  const made = await Promise.all([ensurePartitions(db, now), ensurePartitions(db, now)])
  expect(made.flat().sort()).toEqual([
    ...['job_history_2030_11', 'job_history_2030_12', 'job_history_2031_01'],
    ...['run_events_2030_11', 'run_events_2030_12', 'run_events_2031_01'],
  ])
  expect(await ensurePartitions(db, now)).toEqual([])
})

test('a row lies in its month by its id, to the millisecond', async () => {
  const { db, event, eventsByTable } = await setup()
  await ensurePartitions(db, at('2030-01-15T00:00:00'))
  await event(at('2030-01-31T23:59:59.999'), '1')
  await event(at('2030-02-01T00:00:00.000'), '1')
  expect(await eventsByTable()).toEqual(['run_events_2030_01', 'run_events_2030_02'])
})

test('rows that came before their partition move into it, others stay', async () => {
  const { db, event, eventsByTable } = await setup()
  await event(at('2031-05-02T00:00:00'), '1')
  await event(at('2035-05-02T00:00:00'), '1')
  expect(await eventsByTable()).toEqual(['run_events_default', 'run_events_default'])
  await ensurePartitions(db, at('2031-05-01T00:00:00'))
  expect(await eventsByTable()).toEqual(['run_events_2031_05', 'run_events_default'])
})

test('retention drops whole months that ended, and old rows outside of any, nothing younger', async () => {
  const { db, event, eventsByTable } = await setup()
  await event(at('2020-01-02T00:00:00'), '1')
  await ensurePartitions(db, at('2030-01-15T00:00:00'))
  await event(at('2030-01-31T00:00:00'), '1')
  await event(at('2030-02-02T00:00:00'), '1')
  const dropped = await dropOldPartitions(db, at('2030-02-20T00:00:00'))
  expect(dropped.filter((name) => name.includes('2030'))).toEqual([
    ...['job_history_2030_01', 'run_events_2030_01'],
  ])
  expect(await eventsByTable()).toEqual(['run_events_2030_02'])
})
