import { and, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import { unionAll } from 'drizzle-orm/pg-core'
import { batchReads, type ReadById } from '../../db/batch.ts'
import type { Db, Tx } from '../../db/client.ts'
import { type JobStatus, jobHistory, jobs } from '../../db/schema/jobs.ts'

// The payload stays inside: it belongs to the worker, and what it may hold is nobody's promise.
const sharedColumns = (table: typeof jobs | typeof jobHistory) => ({
  id: table.id,
  kind: table.kind,
  status: table.status,
  subjectId: table.subjectId,
  userId: table.userId,
  priority: table.priority,
  attempts: table.attempts,
  attemptsMax: table.attemptsMax,
  runMsMax: table.runMsMax,
  batchId: table.batchId,
  dedupeKey: table.dedupeKey,
  leasedBy: table.leasedBy,
  progressDone: table.progressDone,
  progressTotal: table.progressTotal,
  result: table.result,
  errors: table.errors,
  requestId: table.requestId,
  runAt: table.runAt,
  leasedAt: table.leasedAt,
  createdAt: table.createdAt,
})

const openColumns = {
  ...sharedColumns(jobs),
  version: sql<number>`${jobs.version}`.as('version'),
  cancelRequested: sql<boolean>`${jobs.cancelRequestedAt} is not null`.as('cancel_requested'),
  finishedAt: sql<Date | null>`null::timestamptz`.mapWith(jobHistory.finishedAt).as('finished_at'),
}
const endedColumns = {
  ...sharedColumns(jobHistory),
  version: sql<number>`${jobHistory.version}`.as('version'),
  cancelRequested: sql<boolean>`false`.as('cancel_requested'),
  finishedAt: sql<Date | null>`${jobHistory.finishedAt}`
    .mapWith(jobHistory.finishedAt)
    .as('finished_at'),
}

type TenantId = string | ReturnType<typeof sql.placeholder>
type Condition = (table: typeof jobs | typeof jobHistory) => (SQL | undefined)[]

// One statement over both tables: between two, a job that ends would be seen twice or not at all.
function openAndEnded(db: Db | Tx, tenantId: TenantId, condition: Condition, limit?: number) {
  const open = db
    .select(openColumns)
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), ...condition(jobs)))
  const ended = db
    .select(endedColumns)
    .from(jobHistory)
    .where(and(eq(jobHistory.tenantId, tenantId), ...condition(jobHistory)))
  if (limit === undefined) return unionAll(open, ended)
  return unionAll(
    open.orderBy(desc(jobs.id)).limit(limit),
    ended.orderBy(desc(jobHistory.id)).limit(limit),
  )
    .orderBy(desc(sql`id`))
    .limit(limit)
}

const openDependencies = sql<string[]>`(select coalesce(jsonb_agg(d.depends_on_id), '[]')
  from job_dependencies d where d.tenant_id = jobs.tenant_id and d.job_id = jobs.id)`.as(
  'depends_on',
)
const noDependencies = sql<string[]>`'[]'::jsonb`.as('depends_on')

/** The same of one job, with what a list leaves out. */
export async function findJobDetail(db: Db, tenantId: string, id: string) {
  const open = db
    .select({ ...openColumns, steps: jobs.steps, dependsOn: openDependencies })
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  const ended = db
    .select({ ...endedColumns, steps: jobHistory.steps, dependsOn: noDependencies })
    .from(jobHistory)
    .where(and(eq(jobHistory.tenantId, tenantId), eq(jobHistory.id, id)))
  const [row] = await unionAll(open, ended)
  return row ?? null
}

export type JobDetailRow = NonNullable<Awaited<ReturnType<typeof findJobDetail>>>

export type JobRow = Awaited<ReturnType<typeof openAndEnded>>[number]

/** Batched reader of single jobs, open or ended; make it once. */
export function jobReader(db: Db): ReadById<JobRow> {
  const statement = openAndEnded(db, sql.placeholder('tenantId'), (table) => [
    sql`${table.id} = any(${sql.placeholder('ids')}::uuid[])`,
  ]).prepare('read_jobs')
  return batchReads<JobRow>({
    read: (tenantId, ids) => statement.execute({ tenantId, ids: `{${ids.join(',')}}` }),
    idOf: (row) => row.id,
  })
}

export async function findJob(db: Db | Tx, tenantId: string, id: string): Promise<JobRow | null> {
  const [row] = await openAndEnded(db, tenantId, (table) => [eq(table.id, id)])
  return row ?? null
}

type ListJobs = {
  tenantId: string
  filter: {
    status?: JobStatus | undefined
    kind?: string | undefined
    subjectId?: string | undefined
    batchId?: string | undefined
    userId?: string | undefined
  }
  before: string | null
  limit: number
}

/** Newest first. */
export function listJobs(db: Db, { tenantId, filter, before, limit }: ListJobs): Promise<JobRow[]> {
  const { status, kind, subjectId, batchId, userId } = filter
  const condition: Condition = (table) => [
    status === undefined ? undefined : eq(table.status, status),
    kind === undefined ? undefined : eq(table.kind, kind),
    subjectId === undefined ? undefined : eq(table.subjectId, subjectId),
    batchId === undefined ? undefined : eq(table.batchId, batchId),
    userId === undefined ? undefined : eq(table.userId, userId),
    before === null ? undefined : lt(table.id, before),
  ]
  return openAndEnded(db, tenantId, condition, limit).execute()
}
