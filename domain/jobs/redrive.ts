import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { appendEvents, startedEvents } from '../../db/run-events.ts'
import { endingData } from './events.ts'
import { partsEnded } from './part-kinds.ts'

const attemptsDefault = 5
const batchMax = 500 // jobs put back by one statement

/** A step that this job has never begun, as far as is known. */
export class StepUnknown extends Error {
  readonly step: string

  constructor(step: string) {
    super(`The job has no step "${step}".`)
    this.name = 'StepUnknown'
    this.step = step
  }
}

export type Redrive = {
  tenantId: string
  id: string
  attempts?: number // that it may have more, default 5
  /** Finished steps from this one on (in the order in which they ended) are run again; the others stay. */
  fromStep?: string
}

/** `not_ended`: it waits or runs. `completed`: there is nothing to do again. */
export type Redriven = 'queued' | 'missing' | 'not_ended' | 'completed'

/**
 * Puts a failed, dead or cancelled job back to the queue with its id, errors and events, to begin at once; its attempts
 * count on. The document whose current job it is waits again. Call `ringWorkers` after the commit. Of two at once, one
 * gets `queued`. Jobs that were cancelled because of this one stay so.
 * @throws {StepUnknown}
 */
export async function redriveJob(tx: Tx, redrive: Redrive): Promise<Redriven> {
  const { tenantId, id, fromStep } = redrive
  const [ended] = await tx.execute<{ status: string }>(sql`
    select status from job_history where tenant_id = ${tenantId} and id = ${id} for update`)
  if (!ended) return (await exists(tx, redrive)) ? 'not_ended' : 'missing'
  if (ended.status === 'completed') return 'completed'
  if (fromStep !== undefined) await requireStep(tx, redrive, fromStep)
  await tx.execute(sql`
    with gone as (
      delete from job_history where tenant_id = ${tenantId} and id = ${id} returning *
    ), ${putBack(redrive)}
    select id from gone`)
  return 'queued'
}

/** In either table, of one snapshot: between two it could pass from one to the other unseen. */
async function exists(tx: Tx, { tenantId, id }: Redrive): Promise<boolean> {
  const rows = await tx.execute(sql`
    select id from jobs where tenant_id = ${tenantId} and id = ${id}
    union all select id from job_history where tenant_id = ${tenantId} and id = ${id}`)
  return rows.length > 0
}

/** One that failed is in no list of finished steps; its start is told by an event, its failure by an error. */
async function requireStep(tx: Tx, { tenantId, id }: Redrive, step: string): Promise<void> {
  const named = JSON.stringify([{ name: step }])
  const failed = JSON.stringify([{ step }])
  const rows = await tx.execute(sql`
    select id from job_history
    where tenant_id = ${tenantId} and id = ${id}
      and (steps @> ${named}::jsonb or errors @> ${failed}::jsonb or exists (
        select from run_events r where r.tenant_id = ${tenantId} and r.job_id = ${id}
          and r.type = 'step' and r.data->>'step' = ${step}))`)
  if (rows.length === 0) throw new StepUnknown(step)
}

export type RedriveMany = {
  tenantId: string
  status: 'dead' | 'failed' | 'cancelled'
  kind?: string
  limit: number
  attempts?: number // that each may have more, default 5
}

/**
 * The same for many, the oldest first, in statements of at most 500 jobs: when one fails, what was put back before
 * stays so. Several at once share the work.
 * @returns how many were put back
 */
export async function redriveJobs(db: Db, { limit, ...redrive }: RedriveMany): Promise<number> {
  let count = 0
  let after: string | null = '00000000-0000-0000-0000-000000000000'
  while (after !== null && count < limit) {
    // Behind the last one: a job that fails again at once is not taken twice.
    const batch = await redriveBatch(db, redrive, {
      after,
      limit: Math.min(limit - count, batchMax),
    })
    count += batch.count
    after = batch.last
  }
  return count
}

type Place = { after: string; limit: number }

async function redriveBatch(
  db: Db,
  { tenantId, status, kind, attempts }: Omit<RedriveMany, 'limit'>,
  { after, limit }: Place,
): Promise<{ count: number; last: string | null }> {
  const ofKind = kind === undefined ? sql`` : sql`and kind = ${kind}`
  const [row] = await db.execute<{ count: number; last: string | null }>(sql`
    with picked as materialized (
      select id, ctid as place from job_history
      where tenant_id = ${tenantId} and status = ${status} and status <> 'completed' and id > ${after} ${ofKind}
      order by id limit ${limit} for update skip locked
    ), gone as (
      -- By place, whatever the server believes of its size; other partitions have rows in such places, too.
      delete from job_history where tenant_id = ${tenantId} and ctid = any(array(select place from picked))
        and case when id in (select id from picked) then true else false end
      returning *
    ), ${putBack({ tenantId, ...(attempts !== undefined && { attempts }) })}
    select count(*)::int as count, (select id from gone order by id desc limit 1) as last from gone`)
  return row ?? { count: 0, last: null }
}

// What a job keeps as it is. Its dedupe key may belong to another one by now; what it waited for has ended.
const keptColumns = sql.raw(
  [
    ...['tenant_id', 'id', 'kind', 'subject_id', 'user_id', 'priority', 'attempts'],
    ...['run_ms_max', 'leased_at', 'leased_by', 'errors', 'batch_id', 'request_id', 'created_at'],
  ].join(', '),
)

/**
 * CTEs that queue jobs again, to be put after a CTE `gone` of rows deleted from `job_history`. Their latest start and
 * their end, so far read from those rows, are written down under the ids that they had. Those who wait for such a
 * job and have not yet been told of its end go on waiting for it.
 */
function putBack({
  tenantId,
  attempts = attemptsDefault,
  fromStep,
}: Pick<Redrive, 'tenantId' | 'attempts' | 'fromStep'>) {
  if (!(attempts >= 1)) throw new RangeError('A job cannot be queued again without an attempt.')
  const data = sql`jsonb_strip_nulls(jsonb_build_object('attempts_max', e.attempts + ${attempts}::int,
    'from_step', ${fromStep ?? null}::text))`
  return sql`untold as (
      delete from job_endings n using gone where n.tenant_id = gone.tenant_id and n.id = gone.id
      returning n.tenant_id, n.id
    ), queued as (
      insert into jobs (${keptColumns}, payload, status, version, attempts_max, run_at, steps, has_dependents)
      select ${keptColumns}, payload - ${partsEnded}::text, 'queued', version + 1, attempts + ${attempts}::int, clock_timestamp(),
        ${fromStep === undefined ? sql`steps` : stepsBefore(fromStep)},
        (tenant_id, id) in (select tenant_id, id from untold)
      from gone
    ), begun as (
      select tenant_id, id, leased_at, leased_by, attempts as attempt from gone where leased_at is not null
    ), started as (
      -- There already, when the job waited for its next attempt.
      ${startedEvents(sql`begun`)} on conflict do nothing
    ), finished as (
      ${appendEvents({
        from: sql`gone`,
        type: sql`e.status`,
        data: sql`jsonb_strip_nulls(${endingData(sql`e`)})`,
        at: sql`e.finished_at`,
        tail: sql`uuid_send(e.id)`,
      })}
    ), event as (${appendEvents({ from: sql`gone`, type: sql`'redriven'`, data })}
    ), subject as (
      update documents d set status = 'pending', failure_code = null, failure_message = null,
        version = d.version + 1, updated_at = clock_timestamp()
      from gone
      where d.tenant_id = ${tenantId} and d.id = gone.subject_id and d.job_id = gone.id
        and d.status in ('failed', 'cancelled')
    )`
}

function stepsBefore(step: string): SQL {
  const listed = sql`jsonb_array_elements(steps) with ordinality s(step, place)`
  return sql`(select coalesce(jsonb_agg(s.step order by s.place), '[]') from ${listed}
    where s.place < coalesce(
      (select min(s.place) from ${listed} where s.step->>'name' = ${step}), jsonb_array_length(steps) + 1))`
}
