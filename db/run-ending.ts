import { type SQL, sql } from 'drizzle-orm'
import { failureCodes } from './schema/documents.ts'

// What history keeps as it is; version, status, result, errors and the end itself are added.
const keptColumns = sql.raw(
  [
    ...['tenant_id', 'id', 'kind', 'subject_id', 'user_id', 'payload', 'priority', 'run_at'],
    ...['attempts', 'attempts_max', 'leased_at', 'progress_done', 'progress_total', 'dedupe_key'],
    ...['batch_id', 'request_id', 'created_at'],
  ].join(', '),
)
const knownFailures = sql.raw(failureCodes.map((code) => `'${code}'`).join(', '))

/**
 * Appends one run event for each row of a CTE that has `tenant_id` and `id` of a job. Ids are UUIDv7 by the
 * database's clock with microseconds (RFC 9562, method 3): the events of one run sort as they happened,
 * whichever process wrote them, which ids of several processes' own clocks would not.
 */
export function appendEvents(from: SQL, type: SQL, data: SQL): SQL {
  return sql`insert into run_events (tenant_id, id, job_id, type, data, created_at)
    select e.tenant_id, encode(
      substring(int8send((clock.ms)::bigint) from 3)
        || int2send((28672 + clock.part)::smallint)
        || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid,
      e.id, ${type}, ${data}, clock.at
    from ${from} e cross join lateral (
      select t.at, floor(t.us / 1000) as ms, floor(mod(t.us, 1000) * 4.096) as part
      from (select now.at, extract(epoch from now.at) * 1000000 as us
        from (select clock_timestamp() as at where e.id is not null) now) t) clock`
}

/**
 * CTEs that end jobs, to be put after a CTE `gone` of rows deleted from `jobs`: history, event, and the document
 * whose current job this was, so that none of the three can be without the others.
 * @param status SQL for the final status; may name columns of `gone`
 * @param error SQL for one more entry of `errors` (jsonb), or null
 * @param result SQL for the result (jsonb), or null
 */
export function endJobs(status: SQL, error: SQL, result: SQL): SQL {
  return sql`ended as (
      select gone.*, ${status} as ending, ${error} as last_error, ${result} as final_result from gone
    ), kept as (
      insert into job_history (${keptColumns}, version, status, result, errors, finished_at)
      select ${keptColumns}, version + 1, ending, final_result,
        case when last_error is null then errors else errors || last_error end, clock_timestamp()
      from ended
    ), event as (
      ${appendEvents(
        sql`ended`,
        sql`e.ending`,
        sql`jsonb_strip_nulls(jsonb_build_object(
        'attempt', e.attempts, 'code', e.last_error->>'code', 'message', e.last_error->>'message'))`,
      )}
    ), subject as (
      update documents d set
        status = case ended.ending when 'cancelled' then 'cancelled' else 'failed' end,
        failure_code = case when ended.ending = 'cancelled' then null
          when ended.last_error->>'code' in (${knownFailures}) then ended.last_error->>'code'
          else 'timeout' end,
        failure_message = case when ended.ending = 'cancelled' then null
          else coalesce(ended.last_error->>'message', 'It could not be processed.') end,
        version = d.version + 1, updated_at = clock_timestamp()
      from ended
      where d.tenant_id = ended.tenant_id and d.id = ended.subject_id and d.job_id = ended.id
        and d.status in ('pending', 'processing') and ended.ending <> 'completed'
    )`
}
