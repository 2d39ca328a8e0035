import type { Sql } from 'postgres'
import { CopyWriter, encodeFields, type Field, textBytesMax } from '../../db/copy-writer.ts'
import type { NewJob } from './queue.ts'

/** A job that can be copied: what the database would have to look up or compute for it is left out. */
export type BulkJob = Omit<
  NewJob,
  'delayMs' | 'dedupeKey' | 'onDuplicate' | 'dependsOn' | 'onDependencyFailure'
>

/** Jobs of one COPY. More are split by the caller, so that a failure loses little work. */
export const bulkJobsMax = 50_000

/**
 * Queues many jobs by COPY, all of them or none, in a transaction of its own: twice as fast as `enqueueJobs`. Resolves
 * when they are committed. Jobs without a time are due now, in the order of the list.
 * @param sql the bare driver (`Database.sql`)
 * @param list at most {@link bulkJobsMax}
 * @throws {RangeError} more than that, or a number or a time that its column cannot hold
 * @throws {TypeError} an id is no UUID
 */
export async function copyJobs(sql: Sql, list: readonly BulkJob[]): Promise<void> {
  if (list.length > bulkJobsMax) throw new RangeError(`At most ${bulkJobsMax} jobs at once.`)
  if (list.length === 0) return
  // What no job of the list has is left to the column's default, which is cheaper than a value for each.
  const others = otherColumns.filter(({ of }) => list.some((job) => of(job) !== undefined))
  const columns = [...ownColumns, ...others.map(({ name }) => name)].join(', ')
  const copy = await sql.unsafe(`copy jobs (${columns}) from stdin (format binary)`).writable()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  copy.once('finish', resolve)
  copy.once('error', reject)
  try {
    const writer = new CopyWriter((chunk) => copy.write(chunk))
    writeJobs(list, others, writer)
    copy.end(writer.end())
  } catch (err) {
    copy.destroy(err as Error)
  }
  await promise
}

const ownBytesMax = 64 // of the id, the time and the version of the payload
const ownColumns = ['id', 'run_at', 'payload', 'status', 'tenant_id', 'kind']

type Column = {
  name: string
  of: (job: BulkJob) => string | number | undefined
  field: (value: never) => Field
}

const uuid = (value: string): Field => ({ type: 'uuid', value })
const text = (value: string): Field => ({ type: 'text', value })
const int2 = (value = 0): Field => ({ type: 'int2', value })
const int4 = (value: number): Field => ({ type: 'int4', value })

const otherColumns: readonly Column[] = [
  { name: 'priority', of: (job) => job.priority, field: int2 },
  { name: 'attempts_max', of: (job) => job.attemptsMax, field: int4 },
  { name: 'run_ms_max', of: (job) => job.runMsMax, field: int4 },
  { name: 'subject_id', of: (job) => job.subjectId, field: uuid },
  { name: 'user_id', of: (job) => job.userId, field: uuid },
  { name: 'batch_id', of: (job) => job.batchId, field: uuid },
  { name: 'request_id', of: (job) => job.requestId, field: text },
]
const defaults: Record<string, number> = { priority: 0, attempts_max: 5 }

function writeJobs(list: readonly BulkJob[], others: readonly Column[], writer: CopyWriter): void {
  // Each a microsecond after the one before, so that they keep their order; the last of them is due now.
  const firstMicros = Date.now() * 1000 - list.length
  const fieldCount = ownColumns.length + others.length
  let fields: Uint8Array | undefined
  let last: BulkJob | undefined
  for (const [index, job] of list.entries()) {
    const { id, payload, runAt } = job
    // Much of a job is often the same as of the one before, and not written anew.
    if (!fields || !last || !isLike(job, last, others)) fields = sharedFields(job, others)
    last = job
    const atMicros = runAt ? runAt.getTime() * 1000 : firstMicros + index
    const json = payload === undefined ? '{}' : JSON.stringify(payload)
    writer.row(fieldCount, ownBytesMax + textBytesMax(json) + fields.length)
    writer.uuid(id)
    writer.timestamptz(atMicros)
    writer.jsonb(json)
    writer.bytes(fields)
  }
}

const isLike = (job: BulkJob, other: BulkJob, others: readonly Column[]): boolean =>
  job.tenantId === other.tenantId &&
  job.kind === other.kind &&
  (job.runAt === undefined) === (other.runAt === undefined) &&
  others.every(({ of }) => of(job) === of(other))

function sharedFields(job: BulkJob, others: readonly Column[]): Uint8Array {
  const fields: Field[] = [
    // One that has a time waits for it, also for a time that has passed: whoever tends the queue moves it on by the
    // database's clock.
    text(job.runAt ? 'waiting' : 'queued'),
    uuid(job.tenantId),
    text(job.kind),
  ]
  for (const { name, of, field } of others) {
    const value = of(job) ?? defaults[name]
    fields.push(value === undefined ? null : field(value as never))
  }
  return encodeFields(fields)
}
