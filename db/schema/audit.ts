import { sql } from 'drizzle-orm'
import {
  bigint,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { tenants } from './tenants.ts'
import { bytea } from './users.ts'

/**
 * Who changed identity, keys, exports and deletions. Append-only (by a trigger; rows go with their tenant alone) and
 * hash-chained per tenant: `hash` = SHA-256(`prev_hash` || canonical row), so an altered row breaks the chain at itself.
 * Actors and subjects are plain ids: the audit outlives what it speaks of.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    seq: bigint('seq', { mode: 'number' }).notNull(),
    action: text('action').notNull(),
    actorUserId: uuid('actor_user_id'),
    actorKeyId: uuid('actor_key_id'),
    subjectType: text('subject_type').notNull(),
    subjectId: uuid('subject_id').notNull(),
    requestId: text('request_id'),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
    prevHash: bytea('prev_hash').notNull(),
    hash: bytea('hash').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'audit_log_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'audit_log_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    uniqueIndex('audit_log_seq_is_gapless').on(t.tenantId, t.seq), // chain order; end of chain
    // GET /audit, newest first, and by each of its filters.
    index('audit_log_by_time').on(t.tenantId, t.createdAt, t.seq),
    index('audit_log_by_subject_time').on(t.tenantId, t.subjectId, t.createdAt, t.seq),
    index('audit_log_by_subject_type').on(t.tenantId, t.subjectType, t.createdAt, t.seq),
    index('audit_log_by_actor_user').on(t.tenantId, t.actorUserId, t.createdAt, t.seq),
    index('audit_log_by_actor_key').on(t.tenantId, t.actorKeyId, t.createdAt, t.seq),
    index('audit_log_by_request').on(t.tenantId, t.requestId, t.createdAt, t.seq),
    // In the order of bytes, so that all actions with one beginning lie together.
    index('audit_log_by_action').on(t.tenantId, sql`action collate "C"`, t.createdAt, t.seq),
  ],
)
