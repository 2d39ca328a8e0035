import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { KindStatistics } from '../../db/schema/queue.ts'

export type TenantWorker = {
  tenantId: string
  name: string // as in the claims that it makes: two of one tenant with the same name are one
  /** How many of each kind it asks for at once. */
  places: Readonly<Record<string, number>>
  /** It counts as alive for so long without asking again: its wait and its lease. */
  aliveMs: number
}

/**
 * Notes that a worker over HTTP asks for jobs, so that `why` knows of it. Once for each request for leases. What it runs
 * and how long that takes is read from its jobs.
 */
export async function reportTenantWorker(db: Db | Tx, worker: TenantWorker): Promise<void> {
  const { tenantId, name, aliveMs } = worker
  const kinds: Record<string, KindStatistics> = {}
  for (const [kind, places] of Object.entries(worker.places))
    kinds[kind] = { places, free: places, running: 0, finished: 0, mean_ms: 0 }
  // The id is a hash, so that a worker which starts again finds its row, and none that of another tenant.
  await db.execute(sql`
    insert into job_workers (tenant_id, id, name, kinds, seen_at, alive_until)
    select ${tenantId}::uuid, md5(${`${tenantId} ${name}`}::text)::uuid, ${name}::text,
      ${JSON.stringify(kinds)}::jsonb, at, at + ${aliveMs}::int * interval '1 millisecond'
    from (select clock_timestamp() as at) now
    on conflict (id) do update
      set kinds = excluded.kinds, seen_at = excluded.seen_at, alive_until = excluded.alive_until
    where job_workers.tenant_id = excluded.tenant_id`)
}
