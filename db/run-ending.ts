import { type SQL, sql } from 'drizzle-orm'
import { queueArtifactEnds } from './artifact-versions.ts'
import { followEndedJobs } from './batch-items.ts'
import { failureCodes } from './schema/documents.ts'
import { tellWebhooks } from './webhook-events.ts'

/** What history keeps as it is; version, status, result, errors and the end itself are added. */
export const keptColumns = sql.raw(
  [
    ...['tenant_id', 'id', 'kind', 'subject_id', 'user_id', 'payload', 'priority', 'run_at'],
    ...['attempts', 'attempts_max', 'run_ms_max', 'leased_at', 'leased_by', 'progress_done'],
    ...['progress_total', 'steps', 'dedupe_key', 'batch_id', 'request_id', 'created_at'],
  ].join(', '),
)
const knownFailures = sql.raw(failureCodes.map((code) => `'${code}'`).join(', '))

type Ending = {
  /** SQL for the final status; may name columns of `gone`. */
  status: SQL
  /** SQL for one more entry of `errors` (jsonb), or null. */
  error: SQL
  /** SQL for the result (jsonb), or null. */
  result: SQL
  /** May one of them end as failed or dead? Webhooks are then told of its document. */
  mayFail?: boolean
}

/**
 * CTEs that end jobs, to be put after a CTE `gone` of rows deleted from `jobs`: history, the word to those that
 * wait for them, the document whose current job this was, the end of an artifact's version that it wrote, and the item of
 * a batch, so that none can be without the others. The event of the end is read from history.
 */
export function endJobs({ status, error, result, mayFail = false }: Ending): SQL {
  return sql`ended as (
      select gone.*, ${status} as ending, ${error} as last_error, ${result} as final_result from gone
    ), ${keepEnded()}, ${keepForDependents()}, subject as (
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
      returning d.tenant_id, d.id, d.status, d.failure_code
    ), ${queueArtifactEnds()}, ${followEndedJobs()}${mayFail ? sql`, ${tellOfFailedDocuments()}` : sql``}`
}

const tellOfFailedDocuments = (): SQL =>
  tellWebhooks(sql`select tenant_id, 'document.failed' as type, id as subject_id,
    jsonb_build_object('failure_code', failure_code) as data from subject where status = 'failed'`)

/**
 * The same for jobs that completed without failing, where the document was completed by what they did. `gone` has
 * {@link keptColumns}, `version`, `errors`, `has_dependents` and `final_result`; nothing is copied twice on its way.
 */
export const keepCompleted = (): SQL => sql`kept as (
      insert into job_history (${keptColumns}, version, status, result, errors, finished_at)
      select ${keptColumns}, version + 1, 'completed', final_result, errors, clock_timestamp() from gone
    ), ${tellCompleted()}`

/** Only the word to those that wait: for kinds whose completed jobs nobody asks for. `gone` has `has_dependents`. */
export const tellCompleted = (): SQL => sql`told as (
      insert into job_endings (tenant_id, id, status)
      select tenant_id, id, 'completed' from gone where has_dependents
    )`

function keepEnded(): SQL {
  return sql`kept as (
      insert into job_history (${keptColumns}, version, status, result, errors, finished_at)
      select ${keptColumns}, version + 1, ending, final_result,
        case when last_error is null then errors else errors || last_error end, clock_timestamp()
      from ended
    )`
}

/**
 * Who waits for these jobs is told by the next round of `releaseDependents`: this statement's snapshot may be older
 * than a dependent that was queued while it waited for the row's lock.
 */
function keepForDependents(): SQL {
  return sql`told as (
      insert into job_endings (tenant_id, id, status)
      select tenant_id, id, ending from ended where has_dependents
    ), given_up as (
      delete from job_dependencies where ctid = any(array(
        select d.tid from ended e cross join lateral (select q.ctid as tid from job_dependencies q
          where q.tenant_id = e.tenant_id and q.job_id = e.id offset 0) d
        where e.dependencies_open > 0 or e.dependency_failed))
        and case when (tenant_id, job_id) in (select tenant_id, id from ended) then true else false end
    )`
}
