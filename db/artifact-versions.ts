import { type SQL, sql } from 'drizzle-orm'
import { eventId } from './run-events.ts'

/** Has a provider write a version. Its subject is the artifact; the payload names the version. */
export const artifactGenerateJobKind = 'artifacts.generate'
/** Ends a version whose job did not complete it. Its subject is the artifact; the payload says which, how and why. */
export const artifactEndJobKind = 'artifacts.end'

/**
 * A CTE that queues the end of versions whose jobs end in another way than complete, a dead worker's included. To be put
 * after a CTE `ended` of the jobs. It reads no other table: plans that are kept since all was empty stay good.
 */
export const queueArtifactEnds = (): SQL => sql`artifact_ends as (
      insert into jobs (tenant_id, id, kind, subject_id, payload, status, run_at)
      select tenant_id, ${newId}, '${sql.raw(artifactEndJobKind)}', subject_id,
        jsonb_build_object('number', payload->'number', 'job_id', id,
          'status', case ending when 'cancelled' then 'cancelled' else 'failed' end,
          'code', coalesce(last_error->>'code', 'internal'),
          'message', coalesce(last_error->>'message', 'It could not be generated.')),
        'queued', clock_timestamp()
      from ended where kind = '${sql.raw(artifactGenerateJobKind)}' and ending <> 'completed'
    )`

const newId = eventId(sql`clock_timestamp()`, sql`uuid_send(gen_random_uuid())`)
