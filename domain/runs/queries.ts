import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents } from '../../db/run-events.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import { held, holdLease, type Lease } from '../jobs/lease.ts'
import { JobMoot, LeaseLost } from '../jobs/outcome.ts'

export type TrailEvent = { type: 'log' | 'step' | 'check'; data: Record<string, unknown> }

/** Appends events in their order, behind the fence. @param events at most 65,536 @throws {LeaseLost} */
export async function appendTrail(
  db: Db,
  lease: Lease,
  events: readonly TrailEvent[],
): Promise<void> {
  // All of one moment; the bytes behind it in their ids keep the order. The first holds the variant of a UUID.
  const tail = sql`set_byte(set_byte(set_byte(uuid_send(gen_random_uuid()),
    8, 128), 9, (e.place / 256)::int), 10, (e.place % 256)::int)`
  const rows = await db.execute<{ count: number }>(sql`
    with run as materialized (
      select tenant_id, id, attempts, clock_timestamp() as at from jobs where ${held(lease)}
    ), lines as (
      select run.tenant_id, run.id, run.at, l.place,
        l.event->>'type' as type, l.event->'data' || jsonb_build_object('attempt', run.attempts) as data
      from run cross join jsonb_array_elements(${JSON.stringify(events)}::jsonb) with ordinality l(event, place)
    ), event as (
      ${appendEvents({ from: sql`lines`, type: sql`e.type`, data: sql`e.data`, at: sql`e.at`, tail })}
    )
    select count(*)::int as count from run`)
  if (rows[0]?.count !== 1) throw new LeaseLost(lease.id)
}

export type StepRecord = {
  name: string
  output: string // JSON
  ms: number // that it took
  event: TrailEvent
  effect?: ((tx: Tx) => Promise<void>) | undefined
}

/**
 * Records a finished step with its effect and its event: all of them or none. The job's row is locked first, so an
 * attempt that lost its lease does nothing at all.
 * @throws {LeaseLost}
 * @throws {JobMoot} somebody has asked for the end: the effect was not carried out
 */
export async function recordStep(db: Db, lease: Lease, step: StepRecord): Promise<void> {
  const { name, output, ms, event, effect } = step
  await db.transaction(async (tx) => {
    if (await holdLease(tx, lease)) throw new JobMoot()
    await effect?.(tx)
    const time = (at: string) =>
      sql.raw(`to_char((${at}) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)
    await tx.execute(sql`
      with now as materialized (
        select clock_timestamp() as at, clock_timestamp() - ${ms}::int * interval '1 millisecond' as began
      ), recorded as (
        update jobs set version = version + 1, steps = steps || jsonb_build_array(jsonb_build_object(
          'name', ${name}::text, 'attempt', attempts, 'started_at', ${time('now.began')},
          'finished_at', ${time('now.at')}, 'output', ${output}::jsonb))
        from now where ${held(lease)}
        returning tenant_id, id, attempts
      )
      ${appendEvents({
        from: sql`recorded`,
        type: sql`${event.type}::text`,
        data: sql`${JSON.stringify(event.data)}::jsonb || jsonb_build_object('attempt', e.attempts)`,
      })}`)
  })
}

/** The checks in the result of the latest run of this kind and tenant that completed; `null`: there is none. */
export async function findPreviousChecks(
  db: Db,
  { tenantId, kind, id }: LeasedJob,
): Promise<unknown> {
  const [row] = await db.execute<{ checks: unknown }>(sql`
    select result->'checks' as checks from job_history
    where tenant_id = ${tenantId} and kind = ${kind} and steps <> '[]'::jsonb and status = 'completed'
      and id <> ${id}
    order by id desc limit 1`)
  return row?.checks ?? null
}
