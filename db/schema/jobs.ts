import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
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
import { tenants } from './tenants.ts'

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
export type JobError = { attempt: number; at: string; code: string; message: string }

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
  leasedAt: timestamp('leased_at', { withTimezone: true }),
  progressDone: integer('progress_done').notNull().default(0),
  progressTotal: integer('progress_total'),
  result: jsonb('result').$type<Record<string, unknown>>(),
  errors: jsonb('errors').$type<JobError[]>().notNull().default([]),
  dedupeKey: text('dedupe_key'),
  batchId: uuid('batch_id'),
  requestId: text('request_id'),
  version: integer('version').notNull().default(1),
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
})

/**
 * The hot table: only jobs that are queued, waiting or running; the finished ones move to `job_history` in the
 * statement that finishes them. Leases run by the database's clock; `lease_token` fences a stale worker.
 */
export const jobs = pgTable(
  'jobs',
  {
    ...jobColumns(),
    leaseToken: uuid('lease_token'),
    leasedBy: text('leased_by'),
    leaseExpiresAt: timestamp('lease_expires_at', { withTimezone: true }),
    heartbeatAt: timestamp('heartbeat_at', { withTimezone: true }),
    cancelRequestedAt: timestamp('cancel_requested_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'jobs_pkey', columns: [t.tenantId, t.id] }),
    // The claim: `order by priority desc, run_at, id`. Not led by the tenant: a worker serves all (db/system.ts).
    index('jobs_claim_order')
      .on(t.priority.desc().nullsFirst(), t.runAt, t.id)
      .where(sql`status = 'queued'`),
    index('jobs_expired_leases').on(t.leaseExpiresAt).where(sql`status = 'running'`), // recovery
    index('jobs_by_subject').on(t.tenantId, t.subjectId), // jobs of one document
    uniqueIndex('jobs_dedupe_key_is_unique')
      .on(t.tenantId, t.kind, t.dedupeKey)
      .where(sql`dedupe_key is not null and status in ('queued', 'waiting')`),
    check('jobs_status_is_open', sql`${t.status} in ('queued', 'waiting', 'running')`),
    check('jobs_lease_is_whole', sql`(${t.status} = 'running') = (${t.leaseToken} is not null)`),
    check('jobs_attempts_are_limited', sql`${t.attempts} between 0 and ${t.attemptsMax}`),
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
    index('job_history_by_subject').on(t.tenantId, t.subjectId), // jobs of one document
    check(
      'job_history_status_is_final',
      sql`${t.status} in ('completed', 'failed', 'dead', 'cancelled')`,
    ),
  ],
)

/** Every state change and log line of a run. Partitioned like `job_history`; the order is `id`. */
export const runEvents = pgTable(
  'run_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    jobId: uuid('job_id').notNull(),
    type: text('type').notNull(), // enqueued, started, progress, log, retried, completed, failed, dead, cancelled, lease_lost
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'run_events_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'run_events_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    index('run_events_by_job').on(t.tenantId, t.jobId, t.id), // events of one run, in order
  ],
)
