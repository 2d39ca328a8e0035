import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  foreignKey,
  index,
  pgTable,
  primaryKey,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { documents } from './documents.ts'
import { bytea, users } from './users.ts'

/** A link by which whoever has it reads one document, until it expires. Revoking it deletes the row. */
export const shares = pgTable(
  'shares',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    documentId: uuid('document_id').notNull(),
    userId: uuid('user_id').notNull(), // who made it; it opens nothing that this user may not give
    secretSha256: bytea('secret_sha256').notNull(),
    allowDownload: boolean('allow_download').notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'shares_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'shares_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'shares_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('cascade'),
    index('shares_by_document').on(t.tenantId, t.documentId, t.id), // GET /shares?document_id=
    index('shares_by_user').on(t.tenantId, t.userId, t.id), // GET /shares?user_id=
    check('shares_secret_is_sha256', sql`octet_length(${t.secretSha256}) = 32`),
  ],
)
