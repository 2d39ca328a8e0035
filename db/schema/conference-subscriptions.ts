import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import type { DeadlineKind } from './conferences.ts'
import { bytea, users } from './users.ts'

/** Which deadlines a subscription gives. */
export type DeadlineFilter = {
  series_id?: string | undefined
  sub?: string[] | undefined
  ccf?: string[] | undefined
  core?: string[] | undefined
  thcpl?: string[] | undefined
  kind?: DeadlineKind[] | undefined
  q?: string | undefined
  estimates?: boolean | undefined
}

/** A link by which a calendar program, which sends no key, reads deadlines. Revoking it deletes the row. */
export const conferenceSubscriptions = pgTable(
  'conference_subscriptions',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(), // whose it is; it shows nothing that this user may not read
    name: text('name').notNull(),
    filter: jsonb('filter').$type<DeadlineFilter>().notNull(),
    secretSha256: bytea('secret_sha256').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'conference_subscriptions_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_subscriptions_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('conference_subscriptions_by_user').on(t.tenantId, t.userId, t.id), // GET /conferences/subscriptions
    check('conference_subscriptions_name_length', sql`char_length(${t.name}) between 1 and 120`),
    check('conference_subscriptions_secret_is_sha256', sql`octet_length(${t.secretSha256}) = 32`),
  ],
)
