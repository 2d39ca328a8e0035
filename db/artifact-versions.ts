import { type SQL, sql } from 'drizzle-orm'
import { eventId } from './run-events.ts'

/** Tells a channel that a version ended without being complete. Its subject is the artifact. */
export const artifactEndJobKind = 'artifacts.end'

/**
 * CTEs by which the versions of artifacts follow the jobs that write them, to be put after a CTE `ended` of the jobs that
 * end: `ending` is their final status, `last_error` what the last attempt said. A job that completes has completed its
 * version itself. What it had written stays.
 */
export const endArtifactVersions = (): SQL => sql`ended_versions as (
      update artifact_versions v set version = v.version + 1, ended_at = clock_timestamp(),
        status = case e.ending when 'cancelled' then 'cancelled' else 'failed' end,
        failure_code = case when e.ending <> 'cancelled'
          then coalesce(e.last_error->>'code', 'internal') end,
        failure_message = case when e.ending <> 'cancelled'
          then coalesce(e.last_error->>'message', 'It could not be generated.') end
      from ended e
      where v.tenant_id = e.tenant_id and v.artifact_id = e.subject_id and v.job_id = e.id
        and v.status = 'streaming' and e.ending <> 'completed'
      returning v.tenant_id, v.artifact_id, v.number, v.status
    ), ended_artifacts as (
      update artifacts a set version = a.version + 1, updated_at = clock_timestamp(),
        status = case a.latest_number when v.number then v.status else a.status end
      from ended_versions v where a.tenant_id = v.tenant_id and a.id = v.artifact_id
      returning a.tenant_id, a.id, a.channel_id, v.number, v.status as ending
    ), ended_artifact_words as (
      insert into jobs (tenant_id, id, kind, subject_id, payload, status, run_at)
      select tenant_id, ${newId}, '${sql.raw(artifactEndJobKind)}', id,
        jsonb_build_object('number', number, 'status', ending), 'queued', clock_timestamp()
      from ended_artifacts where channel_id is not null
    )`

const newId = eventId(sql`clock_timestamp()`, sql`uuid_send(gen_random_uuid())`)
