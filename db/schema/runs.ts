import {
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { tenants } from './tenants.ts'

/**
 * What happened in a run, but for what the job's own row says: its enqueue, its latest start and its end are read from
 * there (domain/jobs/events.ts), which saves three rows a job. Partitioned like `job_history`; the order is `id`.
 */
export const runEvents = pgTable(
  'run_events',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    jobId: uuid('job_id').notNull(),
    type: text('type').notNull(), // started, retried, released, lease_lost, cancel_requested, redriven, log, step, check
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
