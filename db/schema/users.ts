import { sql } from 'drizzle-orm'
import {
  check,
  customType,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'

export const roles = ['admin', 'editor', 'viewer', 'ingest', 'worker', 'guest'] as const
export type Role = (typeof roles)[number]

/** Raw bytes; `Uint8Array` on both sides. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
})

/** A person or program of a tenant. Emails are stored in lower case; guests of channels need none. */
export const users = pgTable(
  'users',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    email: text('email'),
    displayName: text('display_name').notNull(),
    role: text('role', { enum: roles }).notNull(),
    disabledAt: timestamp('disabled_at', { withTimezone: true }),
    deletionJobId: uuid('deletion_job_id'), // which deletes the user, once their documents are gone or moved
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'users_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'users_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    uniqueIndex('users_email_is_unique_in_tenant').on(t.tenantId, t.email), // look-up by email
    index('users_by_display_name').on(t.tenantId, sql`lower(display_name)`), // whom a message names
    check('users_email_is_lower_case', sql`${t.email} = lower(${t.email})`),
    check('users_email_is_known_but_of_guests', sql`${t.email} is not null or ${t.role} = 'guest'`),
    check('users_role_is_known', sql`${t.role} in (${listed(roles)})`),
  ],
)

/** Credentials. Only the SHA-256 of the secret is kept: the secret has 256 random bits, so a slow hash adds nothing. */
export const apiKeys = pgTable(
  'api_keys',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(),
    name: text('name').notNull(),
    role: text('role', { enum: roles }).notNull(),
    secretSha256: bytea('secret_sha256').notNull(),
    createdByUserId: uuid('created_by_user_id'),
    replacedByKeyId: uuid('replaced_by_key_id'),
    expiresAt: timestamp('expires_at', { withTimezone: true }),
    revokedAt: timestamp('revoked_at', { withTimezone: true }),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'api_keys_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'api_keys_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('api_keys_by_id').on(t.id), // key look-up: a caller names no tenant (db/system.ts)
    index('api_keys_by_user').on(t.tenantId, t.userId, t.id), // list of one user's keys
    check('api_keys_role_is_known', sql`${t.role} in (${listed(roles)})`),
    check('api_keys_secret_is_sha256', sql`octet_length(${t.secretSha256}) = 32`),
  ],
)
