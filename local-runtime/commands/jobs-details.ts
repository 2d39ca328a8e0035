import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import {
  type DependencyPolicy,
  type JobError,
  type JobStatus,
  type JobStep,
  jobHistory,
  jobs,
} from '../../db/schema/index.ts'
import type { JobOverview } from '../../db/system.ts'
import { listRunEvents, type RunEventRow } from '../../domain/jobs/events.ts'
import { explainJob, type JobWhy } from '../../domain/jobs/why.ts'

const eventsPage = 1_000
const eventsMax = 20_000
const neighboursMax = 100

/** Another job that this one waits for, or that waits for this one. `status` is `null` when it is gone. */
export type Neighbour = { id: string; status: JobStatus | null; onFailure: DependencyPolicy }

/** All that is known of one job. */
export type JobDetails = {
  overview: JobOverview
  row: {
    payload: Record<string, unknown>
    result: Record<string, unknown> | null
    errors: JobError[]
    steps: JobStep[]
    priority: number
    runMsMax: number | null
    subjectId: string | null
    userId: string | null
    batchId: string | null
    requestId: string | null
    dedupeKey: string | null
  }
  leaseExpiresAt: Date | null
  cancelRequestedAt: Date | null
  waitsFor: Neighbour[]
  isAwaitedBy: Neighbour[]
  why: JobWhy | null // it has just gone
  events: RunEventRow[] // in order, the first 20,000
}

/** Reads them one after the other: what changes meanwhile may show in a part of them. */
export async function readJobDetails(db: Db, overview: JobOverview): Promise<JobDetails> {
  const { tenantId, id } = overview
  const [open] = await db
    .select()
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  const row = open ?? (await readEnded(db, overview))
  const [waitsFor, isAwaitedBy] = await readNeighbours(db, overview)
  return {
    overview,
    row,
    leaseExpiresAt: open?.leaseExpiresAt ?? null,
    cancelRequestedAt: open?.cancelRequestedAt ?? null,
    waitsFor,
    isAwaitedBy,
    why: await explainJob(db, overview),
    events: await readEvents(db, overview),
  }
}

async function readEnded(db: Db, { tenantId, id }: JobOverview) {
  const [ended] = await db
    .select()
    .from(jobHistory)
    .where(and(eq(jobHistory.tenantId, tenantId), eq(jobHistory.id, id)))
  if (ended === undefined) throw new Error(`The job ${id} has just gone.`)
  return ended
}

async function readNeighbours(db: Db, { tenantId, id }: JobOverview) {
  const read = (own: SQL, other: SQL) =>
    db.execute<Neighbour>(sql`
      select ${other} as id, coalesce(
        (select j.status from jobs j where j.tenant_id = d.tenant_id and j.id = ${other}),
        (select h.status from job_history h where h.tenant_id = d.tenant_id and h.id = ${other})) as status,
        d.on_failure as "onFailure"
      from job_dependencies d where d.tenant_id = ${tenantId} and ${own} = ${id}
      order by ${other} limit ${neighboursMax}`)
  return Promise.all([
    read(sql`d.job_id`, sql`d.depends_on_id`).then((rows) => [...rows]),
    read(sql`d.depends_on_id`, sql`d.job_id`).then((rows) => [...rows]),
  ])
}

async function readEvents(db: Db, { tenantId, id: jobId }: JobOverview): Promise<RunEventRow[]> {
  const events: RunEventRow[] = []
  for (;;) {
    const after = events.at(-1)?.id ?? '00000000-0000-0000-0000-000000000000'
    const page = await listRunEvents(db, { tenantId, jobId, after, limit: eventsPage })
    events.push(...page)
    if (page.length < eventsPage || events.length >= eventsMax) return events
  }
}
