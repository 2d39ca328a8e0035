import { sql } from 'drizzle-orm'
import { textArray } from '../../db/claim.ts'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents } from '../../db/run-events.ts'
import type { Lease } from './lease.ts'
import { LeaseLost } from './outcome.ts'

export type LogLine = { level: 'debug' | 'info' | 'warn' | 'error'; message: string }

export type Report = {
  leaseMs: number | null // from now; null: as long as the time before
  progress: { done: number; total?: number | undefined } | null
  log: readonly LogLine[]
}

/**
 * A heartbeat of one attempt with what it has to tell, in one statement behind the fence: the lease is prolonged from
 * now, never beyond the time that an attempt may run; progress never falls; log lines become events in their order.
 * @throws {LeaseLost}
 */
export async function reportAttempt(
  db: Db | Tx,
  { tenantId, id, leaseToken }: Lease,
  { leaseMs, progress, log }: Report,
): Promise<{ isCancelRequested: boolean; leaseExpiresAt: Date }> {
  const [row] = await db.execute<{ isCancelRequested: boolean; leaseExpiresAt: string }>(sql`
    with held as (
      update jobs set heartbeat_at = clock.at, version = version + ${progress ? 1 : 0}::int,
        lease_expires_at = least(leased_at + run_ms_max * interval '1 millisecond', clock.at
          + coalesce(${leaseMs}::int * interval '1 millisecond', lease_expires_at - heartbeat_at)),
        progress_done = greatest(progress_done, ${progress?.done ?? 0}::int),
        progress_total = coalesce(${progress?.total ?? null}::int, progress_total)
      from (select clock_timestamp() as at) clock
      where tenant_id = ${tenantId} and id = ${id} and lease_token = ${leaseToken}
      returning tenant_id, id, lease_expires_at, heartbeat_at, cancel_requested_at
    ), lines as (
      -- A microsecond apart, because events are in the order of their time.
      select held.tenant_id, held.id, l.level, l.message,
        held.heartbeat_at + l.place * interval '1 microsecond' as at
      from held cross join unnest(${textArray(log.map(({ level }) => level))}::text[],
        ${textArray(log.map(({ message }) => message))}::text[]) with ordinality l(level, message, place)
    ), written as (
      ${appendEvents({
        from: sql`lines`,
        type: sql`'log'`,
        data: sql`jsonb_build_object('level', e.level, 'message', e.message)`,
        at: sql`e.at`,
      })}
    )
    select cancel_requested_at is not null as "isCancelRequested", lease_expires_at as "leaseExpiresAt" from held`)
  if (!row) throw new LeaseLost(id)
  return { ...row, leaseExpiresAt: new Date(row.leaseExpiresAt) }
}
