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
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { conferenceHeads } from './conferences.ts'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'

export const refreshVerdicts = ['passed', 'warned', 'failed'] as const

/** Where conferences of a tenant are refreshed from, how its latest checks went, and what its latest import was. */
export const conferenceSources = pgTable(
  'conference_sources',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    url: text('url').notNull(),
    checkedAt: timestamp('checked_at', { withTimezone: true }).notNull(),
    checkedJobId: uuid('checked_job_id').notNull(),
    verdict: text('verdict', { enum: refreshVerdicts }).notNull(),
    checks: jsonb('checks').$type<unknown[]>().notNull(),
    importedAt: timestamp('imported_at', { withTimezone: true }), // also when nothing had changed; null: never
    importedJobId: uuid('imported_job_id'),
    totals: jsonb('totals').$type<Record<string, number>>(), // of that import
    facts: jsonb('facts').$type<Record<string, unknown>>(), // what the source held then
    fetchedAt: timestamp('fetched_at', { withTimezone: true }), // what was imported; by the database's clock
    etag: text('etag'), // of what was imported, by the source
    lastModified: text('last_modified'), // likewise
    sha256: text('sha256'), // of its texts
    headVersion: integer('head_version'), // of the tenant's conferences right after it
  },
  (t) => [
    primaryKey({ name: 'conference_sources_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_sources_head_exists',
      columns: [t.tenantId],
      foreignColumns: [conferenceHeads.tenantId],
    }).onDelete('cascade'),
    uniqueIndex('conference_sources_url_is_unique').on(t.tenantId, t.url), // what a refresh is compared with
    check('conference_sources_url_length', sql`char_length(${t.url}) between 1 and 2000`),
    check('conference_sources_verdict_is_known', sql`${t.verdict} in (${listed(refreshVerdicts)})`),
    check(
      'conference_sources_import_is_whole',
      sql`(${t.importedAt} is null) = (${t.importedJobId} is null) and (${t.importedAt} is null) = (${t.totals} is null)
      and (${t.importedAt} is null) = (${t.facts} is null) and (${t.importedAt} is null) = (${t.sha256} is null)
      and (${t.importedAt} is null) = (${t.headVersion} is null) and (${t.importedAt} is null) = (${t.fetchedAt} is null)`,
    ),
  ],
)

/** What a refresh has fetched, until it has imported it, and then what came of it, until it has told that. */
export const conferenceFetches = pgTable(
  'conference_fetches',
  {
    tenantId: uuid('tenant_id').notNull(),
    jobId: uuid('job_id').notNull(),
    files: jsonb('files').$type<{ path: string | null; text: string }[]>().notNull(), // none: they are imported
    report: jsonb('report').$type<Record<string, unknown>>(), // null: they are not imported yet
    fetchedAt: timestamp('fetched_at', { withTimezone: true })
      .notNull()
      .default(sql`clock_timestamp()`), // hosts may disagree, and the later one counts
  },
  (t) => [
    primaryKey({ name: 'conference_fetches_pkey', columns: [t.tenantId, t.jobId] }),
    foreignKey({
      name: 'conference_fetches_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
  ],
)
