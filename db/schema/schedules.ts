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

export const catchUpPolicies = ['skip', 'once', 'all'] as const
/** What becomes of the times that passed while nothing could fire: none of them, one job for all, or one job each. */
export type CatchUpPolicy = (typeof catchUpPolicies)[number]

/** A job that is queued again and again. `next_at` moves in the transaction that queues, so each time fires once. */
export const jobSchedules = pgTable(
  'job_schedules',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    kind: text('kind').notNull(),
    payload: jsonb('payload').$type<Record<string, unknown>>().notNull().default({}),
    priority: smallint('priority').notNull().default(0),
    attemptsMax: integer('attempts_max').notNull().default(5),
    cron: text('cron').notNull(), // five fields, or six with seconds
    timeZone: text('time_zone').notNull().default('UTC'), // IANA
    catchUp: text('catch_up', { enum: catchUpPolicies }).notNull().default('once'),
    pausedAt: timestamp('paused_at', { withTimezone: true }),
    nextAt: timestamp('next_at', { withTimezone: true }), // null: the expression has no further time
    lastAt: timestamp('last_at', { withTimezone: true }),
    lastJobId: uuid('last_job_id'),
    userId: uuid('user_id'), // who made it; its jobs are theirs
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'job_schedules_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'job_schedules_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    uniqueIndex('job_schedules_name_is_unique_in_tenant').on(t.tenantId, t.name),
    index('job_schedules_due').on(t.nextAt).where(sql`paused_at is null`), // what fires next, of all tenants
    check('job_schedules_catch_up_is_known', sql`${t.catchUp} in ('skip', 'once', 'all')`),
  ],
)
