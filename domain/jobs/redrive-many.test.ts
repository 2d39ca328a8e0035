import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { enqueueJobs } from './queue.ts'
import { type RedriveMany, redriveJobs } from './redrive.ts'

test('many are redriven at once: of one status, kind and tenant, the oldest first, no more than asked', async () => {
  const { db } = await openTestDatabase()
  const [kind, otherKind] = ['test.many', 'test.many-other']
  const tenantId = (await createTenant(db)).id
  const mine = await createTenant(db)
  const list = [kind, otherKind].flatMap((of) =>
    Array.from({ length: 620 }, () => {
      // Those of the other kind lie in another partition, at the same places.
      const id = of === kind ? uuidv7() : uuidv7().replace(/^./, 'f')
      return { tenantId: mine.id, id, kind: of }
    }),
  )
  await enqueueJobs(db, list)
  await db.execute(sql`
    with gone as (delete from jobs where tenant_id = ${mine.id} returning *)
    insert into job_history (tenant_id, id, kind, status, attempts, errors)
    select tenant_id, id, kind, 'dead', 1, '[{"code":"internal"}]' from gone`)
  const many = (options: Partial<RedriveMany>) =>
    redriveJobs(db, { tenantId: mine.id, status: 'dead', limit: 10_000, ...options })
  const queued = async () => {
    const rows = await db.execute<{ id: string }>(
      sql`select id from jobs where tenant_id = ${mine.id} order by id`,
    )
    return [...rows].map(({ id }) => id)
  }
  expect(await many({ status: 'failed' })).toBe(0)
  expect(await many({ tenantId, kind })).toBe(0)
  expect(await many({ kind: otherKind, limit: 3 })).toBe(3)
  expect(await queued()).toEqual(list.slice(620, 623).map(({ id }) => id))
  const both = await Promise.all([many({ kind }), many({ kind })])
  expect(both[0] + both[1]).toBe(620)
  expect(await many({ kind })).toBe(0)
  expect(await many({})).toBe(617)
  expect(await queued()).toHaveLength(1_240)
})
