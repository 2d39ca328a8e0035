import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { tenants } from './tenants.ts'

/** The operator's settings for a kind of job, for all tenants together. No row: no limit, not paused. */
export const jobKinds = pgTable(
  'job_kinds',
  {
    kind: text('kind').notNull(),
    runningMax: integer('running_max'),
    pausedAt: timestamp('paused_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'job_kinds_pkey', columns: [t.kind] }),
    check('job_kinds_running_max_is_positive', sql`${t.runningMax} > 0`),
  ],
)

/** Settings for the jobs of one tenant, of one kind or (`*`) of all kinds together. */
export const jobTenantLimits = pgTable(
  'job_tenant_limits',
  {
    tenantId: uuid('tenant_id').notNull(),
    kind: text('kind').notNull(),
    runningMax: integer('running_max'),
    pausedAt: timestamp('paused_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'job_tenant_limits_pkey', columns: [t.tenantId, t.kind] }),
    foreignKey({
      name: 'job_tenant_limits_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check('job_tenant_limits_running_max_is_positive', sql`${t.runningMax} > 0`),
  ],
)

/** Of one kind in one worker, since it started. */
export type KindStatistics = {
  places: number // how many of it may run here at once
  free: number // how many more could begin now: other kinds may have taken places
  running: number
  finished: number
  mean_ms: number // of an attempt, newer ones weighing more
}

/** Who asks for jobs, for `why` and for people. Rows of the silent are removed; nothing depends on them being right. */
export const jobWorkers = pgTable(
  'job_workers',
  {
    id: uuid('id').notNull(),
    tenantId: uuid('tenant_id'), // serves this tenant alone; null: all
    name: text('name').notNull(), // host and pid
    kinds: jsonb('kinds').$type<Record<string, KindStatistics>>().notNull(),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull().defaultNow(),
    seenAt: timestamp('seen_at', { withTimezone: true }).notNull().defaultNow(),
    aliveUntil: timestamp('alive_until', { withTimezone: true }).notNull(), // unless heard of again
  },
  (t) => [primaryKey({ name: 'job_workers_pkey', columns: [t.id] })],
)
