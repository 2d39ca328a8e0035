import { type SQL, sql } from 'drizzle-orm'
import { eventId } from './run-events.ts'

/** Tells others that a batch has ended. Its subject is the batch. */
export const batchEndJobKind = 'batches.end'

/**
 * CTEs by which the items of a batch follow their jobs, to be put after a CTE `ended` of the jobs that end: `ending` is
 * their final status, `last_error` what the last attempt said. Behind them stands {@link countMovedItems}.
 * A document that was deleted has taken its run along; that is no cancel.
 */
export function followEndedJobs(): SQL {
  return sql`moved_items as (
      update batch_items i set previous_status = i.status, finished_at = clock_timestamp(),
        status = case when e.ending = 'completed' then 'completed'
          when e.ending = 'cancelled' and ${documentExists} then 'cancelled' else 'failed' end,
        error_code = case when e.ending = 'completed' then null
          when e.ending <> 'cancelled' then coalesce(e.last_error->>'code', 'internal')
          when not ${documentExists} then 'document_gone'
          when not ${isBatchCancelled} then 'job_cancelled' end,
        error_message = case when e.ending = 'completed' then null
          when e.ending <> 'cancelled' then coalesce(e.last_error->>'message', 'It could not be done.')
          when not ${documentExists} then 'The document was deleted.'
          when not ${isBatchCancelled} then 'Its job was cancelled, or replaced by a later one.' end
      from ended e where i.tenant_id = e.tenant_id and i.job_id = e.id
      returning i.tenant_id, i.batch_id, i.previous_status, i.status
    ), ${countMovedItems()}`
}

const documentExists = sql`exists (
  select from documents d where d.tenant_id = i.tenant_id and d.id = i.document_id)`
const isBatchCancelled = sql`exists (select from batches b where b.tenant_id = i.tenant_id
  and b.id = i.batch_id and b.cancel_requested_at is not null)`

/**
 * A CTE that moves the counts of batches by what became of their items, and ends a batch with its last one. To be put
 * after a CTE `moved_items` with `tenant_id`, `batch_id`, `previous_status` and `status`. It gives `tenant_id`, `id`, the
 * counts and `has_ended`: by this statement, which then queues a job of {@link batchEndJobKind}. Lock nothing that an attempt holds behind it: each attempt comes here last.
 */
export function countMovedItems(): SQL {
  return sql`moved_batches as (
      update batches b set version = b.version + 1, updated_at = clock_timestamp(),
        items_queued = b.items_queued + d.queued, items_running = b.items_running + d.running,
        items_completed = b.items_completed + d.completed, items_failed = b.items_failed + d.failed,
        items_cancelled = b.items_cancelled + d.cancelled,
        status = case when b.items_queued + b.items_running + d.queued + d.running > 0 then 'running'
          when b.cancel_requested_at is null then 'completed' else 'cancelled' end,
        finished_at = case when b.items_queued + b.items_running + d.queued + d.running = 0
          then clock_timestamp() end
      from (
        select tenant_id, batch_id, ${change('queued')}, ${change('running')},
          ${change('completed')}, ${change('failed')}, ${change('cancelled')}
        from moved_items group by tenant_id, batch_id) d
      where b.tenant_id = d.tenant_id and b.id = d.batch_id
      returning b.tenant_id, b.id, b.items_completed, b.items_failed, b.items_cancelled,
        b.status <> 'running' and d.queued + d.running < 0 as has_ended
    ), batch_ends as (
      insert into jobs (tenant_id, id, kind, subject_id, status, run_at)
      select tenant_id, ${newId}, '${sql.raw(batchEndJobKind)}', id, 'queued', clock_timestamp()
      from moved_batches where has_ended
    )`
}

const newId = eventId(sql`clock_timestamp()`, sql`uuid_send(gen_random_uuid())`)

const change = (status: string): SQL =>
  sql.raw(`(count(*) filter (where status = '${status}')
    - count(*) filter (where previous_status = '${status}'))::int as ${status}`)
