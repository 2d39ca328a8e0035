import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'

const waitDeadlineMs = 5_000

/**
 * Two audited changes at once, for certain: neither can commit before both wait for a lock. What each
 * has read by then is as old as a race can make it.
 */
export async function collide<T>(
  db: Db,
  tenantId: string,
  changes: readonly [() => Promise<T>, () => Promise<T>],
): Promise<T[]> {
  let under: Promise<T[]> = Promise.resolve([])
  await db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`audit:${tenantId}`}, 0))`)
    under = Promise.all(changes.map((change) => change()))
    await untilWaiting(db, changes.length)
  })
  return under
}

async function untilWaiting(db: Db, wanted: number): Promise<void> {
  const deadline = performance.now() + waitDeadlineMs
  for (;;) {
    const [row] = await db.execute<{ waiting: string }>(sql`
      select count(*) as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    if (Number(row?.waiting) >= wanted) return
    if (performance.now() > deadline)
      throw new Error(`${row?.waiting} of ${wanted} changes came to a lock`)
  }
}
