import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

export const jobStatuses = [
  'queued',
  'waiting',
  'running',
  'completed',
  'failed',
  'dead',
  'cancelled',
] as const
export type JobStatus = (typeof jobStatuses)[number]

/** One failed attempt, kept whole for the dead letter. */
export type JobError = {
  attempt: number
  at: string
  code: string
  message: string
  step?: string // of a run, where it failed
}

/** A step of a run that has ended well: a later attempt goes on behind it, with its output. */
export type JobStep = {
  name: string
  attempt: number
  started_at: string
  finished_at: string
  output: unknown // JSON
}

export const dependencyPolicies = ['cancel', 'run'] as const
/** What becomes of a job when one that it waits for does not complete. */
export type DependencyPolicy = (typeof dependencyPolicies)[number]

/** The columns that a job keeps from enqueue to history. */
const jobColumns = () => ({
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  kind: text('kind').notNull(),
  subjectId: uuid('subject_id'), // what the job works on, e.g. a document
  userId: uuid('user_id'), // who asked for it
  payload: jsonb('payload').$type<Record<string, unknown>>().notNull().default({}),
  status: text('status', { enum: jobStatuses }).notNull(),
  priority: smallint('priority').notNull().default(0), // larger first
  runAt: timestamp('run_at', { withTimezone: true }).notNull().defaultNow(),
  attempts: integer('attempts').notNull().default(0),
  attemptsMax: integer('attempts_max').notNull().default(5),
  runMsMax: integer('run_ms_max'), // of one attempt, however alive its worker is; null: no limit
  leasedAt: timestamp('leased_at', { withTimezone: true }), // of the latest attempt
  leasedBy: text('leased_by'),
  progressDone: integer('progress_done').notNull().default(0),
  progressTotal: integer('progress_total'),
  result: jsonb('result').$type<Record<string, unknown>>(),
  errors: jsonb('errors').$type<JobError[]>().notNull().default([]),
  steps: jsonb('steps').$type<JobStep[]>().notNull().default([]),
  dedupeKey: text('dedupe_key'),
  batchId: uuid('batch_id'),
  requestId: text('request_id'),
  version: integer('version').notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})

/**
 * The hot table: only jobs that are queued (could begin now), waiting (for a time or for other jobs) or running; the
 * finished ones move to `job_history` in the statement that finishes them. Leases run by the database's clock;
 * `lease_token` fences a stale worker.
 */
export const jobs = pgTable(
  'jobs',
  {
    ...jobColumns(),
    leaseToken: uuid('lease_token'),
    leaseExpiresAt: timestamp('lease_expires_at', { withTimezone: true }), // never after leased_at + run_ms_max
    heartbeatAt: timestamp('heartbeat_at', { withTimezone: true }),
    cancelRequestedAt: timestamp('cancel_requested_at', { withTimezone: true }),
    dependenciesOpen: integer('dependencies_open').notNull().default(0), // rows in job_dependencies
    dependencyFailed: boolean('dependency_failed').notNull().default(false), // it will be cancelled
    hasDependents: boolean('has_dependents').notNull().default(false), // others may wait for it
  },
  (t) => [
    primaryKey({ name: 'jobs_pkey', columns: [t.tenantId, t.id] }),
    // The claim, a lane (kind and tenant) at a time. Led by the kind, so that a worker jumps from tenant to tenant
    // among those alone that have work for it.
    index('jobs_claim_order')
      .on(t.kind, t.tenantId, t.priority.desc().nullsFirst(), t.runAt)
      .where(sql`status = 'queued'`),
    index('jobs_running').on(t.leaseExpiresAt).where(sql`status = 'running'`), // recovery, limits
    index('jobs_due').on(t.runAt).where(sql`status = 'waiting' and dependencies_open = 0`), // waiting becomes queued
    index('jobs_by_subject').on(t.tenantId, t.subjectId).where(sql`subject_id is not null`), // jobs of one document
    index('jobs_by_batch').on(t.tenantId, t.batchId).where(sql`batch_id is not null`), // jobs of one batch
    uniqueIndex('jobs_dedupe_key_is_unique')
      .on(t.tenantId, t.kind, t.dedupeKey)
      .where(sql`dedupe_key is not null and status in ('queued', 'waiting')`),
    check('jobs_status_is_open', sql`${t.status} in ('queued', 'waiting', 'running')`),
    check('jobs_lease_is_whole', sql`(${t.status} = 'running') = (${t.leaseToken} is not null)`),
    check('jobs_attempts_are_limited', sql`${t.attempts} between 0 and ${t.attemptsMax}`),
    check('jobs_attempts_max_is_positive', sql`${t.attemptsMax} > 0`),
    check(
      'jobs_dependencies_are_waited_for',
      sql`${t.dependenciesOpen} = 0 or (${t.dependenciesOpen} > 0 and ${t.status} = 'waiting')`,
    ),
  ],
)

/**
 * Finished jobs, for retention and `GET /jobs/{id}`. Partitioned by range of `id` (a UUIDv7 carries its time);
 * the partition clause stands in the migration, because Drizzle cannot say it.
 */
export const jobHistory = pgTable(
  'job_history',
  {
    ...jobColumns(),
    finishedAt: timestamp('finished_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'job_history_pkey', columns: [t.tenantId, t.id] }),
    index('job_history_by_subject').on(t.tenantId, t.subjectId).where(sql`subject_id is not null`), // jobs of one document
    index('job_history_by_batch').on(t.tenantId, t.batchId).where(sql`batch_id is not null`), // jobs of one batch
    index('job_history_unsuccessful')
      .on(t.tenantId, t.status, t.id)
      .where(sql`status <> 'completed'`), // the dead letter: counted, listed, redriven
    index('job_history_runs').on(t.tenantId, t.kind, t.id).where(sql`steps <> '[]'::jsonb`), // the run before this one
    check(
      'job_history_status_is_final',
      sql`${t.status} in ('completed', 'failed', 'dead', 'cancelled')`,
    ),
  ],
)

/** `job_id` waits for `depends_on_id`. A row goes soon after either has ended. */
export const jobDependencies = pgTable(
  'job_dependencies',
  {
    tenantId: uuid('tenant_id').notNull(),
    jobId: uuid('job_id').notNull(),
    dependsOnId: uuid('depends_on_id').notNull(),
    onFailure: text('on_failure', { enum: dependencyPolicies }).notNull(),
  },
  (t) => [
    primaryKey({
      name: 'job_dependencies_pkey',
      columns: [t.tenantId, t.jobId, t.dependsOnId],
    }),
    index('job_dependencies_by_target').on(t.tenantId, t.dependsOnId), // who waits for a job that ends
    check('job_dependencies_policy_is_known', sql`${t.onFailure} in ('cancel', 'run')`),
  ],
)

/** Ended jobs that others may wait for, until those have been told. Written with the end, so none is forgotten. */
export const jobEndings = pgTable(
  'job_endings',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    status: text('status', { enum: jobStatuses }).notNull(),
  },
  (t) => [primaryKey({ name: 'job_endings_pkey', columns: [t.tenantId, t.id] })],
)
