import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { beforeAll, expect, test } from 'vitest'
import { enqueueJobs } from '../domain/jobs/queue.ts'
import { saveKindLimit, saveTenantLimit } from '../functions/jobs/limit-queries.ts'
import { claimOf } from '../test/harness/claims.ts'
import { eventually } from '../test/harness/eventually.ts'
import { openTestDatabase } from '../test/harness/setup.ts'
import { createTenant } from '../test/harness/tenants.ts'
import type { Db, Tx } from './client.ts'
import { leaseJobs, leaseLimitedJobs } from './system.ts'

let db: Db
let tenantId: string
beforeAll(async () => {
  db = (await openTestDatabase()).db
  tenantId = (await createTenant(db)).id
})

const three = { runningMax: 3, paused: false }

test.each<[string, (tx: Tx, kind: string) => Promise<unknown>]>([
  ['of a kind', (tx, kind) => saveKindLimit(tx, { kind, ...three })],
  ['of a kind and a tenant', (tx, kind) => saveTenantLimit(tx, { tenantId, kind, ...three })],
])('a limit %s counts the jobs of a claim that was under way when it was set', async (_, set) => {
  const kind = uuidv7()
  await enqueueJobs(
    db,
    Array.from({ length: 9 }, () => ({ tenantId, id: uuidv7(), kind })),
  )
  let setting: Promise<unknown> | undefined
  await db.transaction(async (tx) => {
    expect(await leaseJobs(tx, claimOf(kind, { limit: 2 }))).toHaveLength(2)
    let isSet = false
    setting = db
      .transaction((other) => set(other, kind))
      .then(() => {
        isSet = true
      })
    await eventually('the limit is set or waits', async () => isSet || isAnyoneWaiting())
    // The first claim under the limit, if it is in force already.
    if (isSet) expect(await leaseLimitedJobs(db, claimOf(kind))).toHaveLength(1)
  })
  await setting
  expect(await leaseLimitedJobs(db, claimOf(kind))).toHaveLength(1)
})

async function isAnyoneWaiting(): Promise<boolean> {
  const [row] = await db.execute<{ waiting: boolean }>(sql`select exists (
    select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waiting`)
  return row?.waiting ?? false
}
