import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, users } from './users.ts'

/**
 * One row per `Idempotency-Key` of a user: `in_flight` while the first request runs (30 s at most),
 * then `done` with the reply to replay for 24 h. `token` fences a request that outlived its mark.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: uuid('user_id').notNull(),
    key: text('key').notNull(),
    token: uuid('token').notNull(),
    operationId: text('operation_id').notNull(),
    fingerprint: bytea('fingerprint'), // SHA-256 of path, query and body; null until a stream is read
    status: text('status', { enum: ['in_flight', 'done'] }).notNull(),
    replyStatus: integer('reply_status'),
    replyHeaders: jsonb('reply_headers').$type<Record<string, string>>(),
    replyBody: text('reply_body'),
    startedAt: timestamp('started_at', { withTimezone: true }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'idempotency_keys_pkey', columns: [t.tenantId, t.userId, t.key] }),
    foreignKey({
      name: 'idempotency_keys_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('idempotency_keys_by_expiry').on(t.expiresAt), // retention sweep (db/system.ts)
    check('idempotency_keys_status_is_known', sql`${t.status} in ('in_flight', 'done')`),
    check('idempotency_keys_key_length', sql`char_length(${t.key}) between 1 and 255`),
    check(
      'idempotency_keys_done_has_reply',
      sql`${t.status} = 'in_flight' or ${t.replyStatus} is not null`,
    ),
  ],
)
