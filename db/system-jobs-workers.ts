/** Workers that serve all tenants say that they live, and what they have free. */
import { sql } from 'drizzle-orm'
import type { Db } from './client.ts'
import type { KindStatistics } from './schema/queue.ts'

/** Rows stay for a while after their workers, so that a look can say when one was last heard of. */
const goneMs = 60_000

/**
 * Writes a worker's row, and removes those of workers that have long been gone.
 * @param aliveMs how long it counts as alive without another report
 */
export async function reportWorker(
  db: Db,
  worker: { id: string; name: string; kinds: Record<string, KindStatistics>; aliveMs: number },
): Promise<void> {
  const { id, name, kinds, aliveMs } = worker
  await db.execute(sql`
    /* system: report-worker */
    with gone as (
      delete from job_workers
      where alive_until < clock_timestamp() - ${goneMs}::int * interval '1 millisecond' and id <> ${id}
    ), relaxed as materialized (
      -- The next report is a second away, so this one need not wait for the disk.
      select clock_timestamp() as at, set_config('synchronous_commit', 'off', true)
    )
    insert into job_workers (id, name, kinds, seen_at, alive_until)
    select ${id}::uuid, ${name}::text, ${JSON.stringify(kinds)}::jsonb, at,
      at + ${aliveMs}::int * interval '1 millisecond' from relaxed
    on conflict (id) do update
      set kinds = excluded.kinds, seen_at = excluded.seen_at, alive_until = excluded.alive_until`)
}

/** For a worker that stops: it takes no more jobs. */
export async function removeWorker(db: Db, id: string): Promise<void> {
  await db.execute(sql`/* system: remove-worker */ delete from job_workers where id = ${id}`)
}
