import type { Sql } from 'postgres'
import type { NewJob } from './queue.ts'

/** A job that can be copied: what the database would have to look up or compute for it is left out. */
export type BulkJob = Omit<
  NewJob,
  'delayMs' | 'dedupeKey' | 'onDuplicate' | 'dependsOn' | 'onDependencyFailure'
>

/** Jobs of one COPY. More are split by the caller, so that a failure loses little work. */
export const bulkJobsMax = 50_000
const chunkCharacters = 256 * 1024

/**
 * Queues many jobs by COPY, all of them or none, in a transaction of its own: twice as fast as `enqueueJobs`. Resolves
 * when they are committed.
 * @param sql the bare driver (`Database.sql`)
 * @param list at most {@link bulkJobsMax}
 * @throws {RangeError} more than that
 */
export async function copyJobs(sql: Sql, list: readonly BulkJob[]): Promise<void> {
  if (list.length > bulkJobsMax) throw new RangeError(`At most ${bulkJobsMax} jobs at once.`)
  if (list.length === 0) return
  const copy =
    await sql`copy jobs (tenant_id, id, kind, payload, status, run_at, priority, attempts_max,
    run_ms_max, subject_id, user_id, batch_id, request_id) from stdin`.writable()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  copy.once('finish', resolve)
  copy.once('error', reject)
  let chunk = ''
  const queuedAt = new Date().toISOString()
  for (const job of list) {
    chunk += line(job, queuedAt)
    if (chunk.length < chunkCharacters) continue
    copy.write(chunk)
    chunk = ''
  }
  copy.end(chunk)
  await promise
}

const none = '\\N'

// One that has a time waits for it, also for a time that has passed: whoever tends the queue moves it on by the
// database's clock.
function line(job: BulkJob, queuedAt: string): string {
  const { payload, runAt, priority = 0, attemptsMax = 5, runMsMax } = job
  const json = payload === undefined ? '{}' : escaped(JSON.stringify(payload))
  return `${job.tenantId}\t${job.id}\t${escaped(job.kind)}\t${json}\t${runAt ? 'waiting' : 'queued'}\t${
    runAt?.toISOString() ?? queuedAt
  }\t${priority}\t${attemptsMax}\t${runMsMax ?? none}\t${job.subjectId ?? none}\t${job.userId ?? none}\t${
    job.batchId ?? none
  }\t${job.requestId === undefined ? none : escaped(job.requestId)}\n`
}

const escaped = (text: string): string =>
  /[\\\t\n\r]/.test(text)
    ? text
        .replaceAll('\\', '\\\\')
        .replaceAll('\t', '\\t')
        .replaceAll('\n', '\\n')
        .replaceAll('\r', '\\r')
    : text
