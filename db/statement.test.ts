import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { eventually } from '../test/harness/eventually.ts'
import { openTestDatabase } from '../test/harness/setup.ts'
import type { Db } from './client.ts'

async function isAnyoneWaiting(db: Db): Promise<boolean> {
  const [row] = await db.execute<{ waiting: boolean }>(sql`select exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting`)
  return row?.waiting ?? false
}

test('a single statement that loses a deadlock is run again', async () => {
  const { db } = await openTestDatabase()
  const [first, second] = [uuidv7(), uuidv7()]
  for (const id of [first, second])
    await db.execute(sql`insert into tenants (id, name) values (${id}, ${id})`)
  const one = (id: string) => sql`update tenants set version = version + 1 where id = ${id}`
  // One statement for both rows, in the order of their ids, so that it holds the first while it waits for the second.
  const both = sql`with a as (update tenants set version = version + 1 where id = ${first} returning id)
    update tenants t set version = version + 1 from a where t.id = ${second}`
  let statement: Promise<unknown> = Promise.resolve()
  await db.transaction(async (tx) => {
    await tx.execute(one(second))
    statement = db.execute(both).then((rows) => rows) // a statement starts when somebody waits for it
    await eventually('the statement waits', () => isAnyoneWaiting(db))
    await tx.execute(one(first))
  })
  await statement
  const rows = await db.execute<{ version: number }>(
    sql`select version from tenants where id in (${first}, ${second})`,
  )
  expect(rows.map(({ version }) => version)).toEqual([3, 3])
})
