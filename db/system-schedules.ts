/** The statements about schedules that serve all tenants at once: the hosts that fire them belong to none. */
import { sql } from 'drizzle-orm'
import type { Db, Tx } from './client.ts'
import type { CatchUpPolicy } from './schema/schedules.ts'

/** A schedule whose time has come, as it stood then. */
export type DueSchedule = {
  tenantId: string
  id: string
  kind: string
  payload: Record<string, unknown>
  priority: number
  attemptsMax: number
  cron: string
  timeZone: string
  catchUp: CatchUpPolicy
  nextAt: Date // what came
  userId: string | null
}

type Due = { now?: Date | undefined; limit: number }

/**
 * Locks schedules whose time has come, the longest due first, and passes over those that somebody else holds: whoever
 * has the lock fires them, and moves their time before it lets go.
 * @param now default: the database's clock
 */
export async function lockDueSchedules(
  tx: Tx | Db,
  { now, limit }: Due,
): Promise<{ now: Date; due: DueSchedule[] }> {
  type Row = Omit<DueSchedule, 'nextAt'> & { nextAt: string; now: string }
  // Not clock_timestamp(), which is volatile: the index could not be searched with it.
  const clock = sql`coalesce(${now?.toISOString() ?? null}::timestamptz, statement_timestamp())`
  const rows = await tx.execute<Row>(sql`/* system: lock-due-schedules */
    select tenant_id as "tenantId", id, kind, payload, priority, attempts_max as "attemptsMax", cron,
      time_zone as "timeZone", catch_up as "catchUp", next_at as "nextAt", user_id as "userId", ${clock} as now
    from job_schedules where paused_at is null and next_at <= ${clock}
    order by next_at limit ${limit} for update skip locked`)
  const due = [...rows].map(({ now: _, nextAt, ...row }) => ({ ...row, nextAt: new Date(nextAt) }))
  return { now: new Date(rows[0]?.now ?? 0), due }
}

/** @returns milliseconds until a schedule comes, by the database's clock: 0 or less when one is due, `null` when none will */
export async function msUntilNextSchedule(db: Db): Promise<number | null> {
  const [row] = await db.execute<{ ms: number | null }>(sql`/* system: ms-until-next-schedule */
    select (extract(epoch from min(next_at) - statement_timestamp()) * 1000)::float8 as ms
    from job_schedules where paused_at is null`)
  return row?.ms ?? null
}
