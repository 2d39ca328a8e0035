import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core'
import { documents, failureCodes } from './documents.ts'
import { listed } from './listed.ts'
import { bytea } from './users.ts'

/**
 * Pictures of pages that somebody has asked for: a cache, whose rows may go at any time together with their bytes. A row
 * without bytes and without a failure waits for its job, which is gone when it has died for good.
 */
export const pageImages = pgTable(
  'page_images',
  {
    tenantId: uuid('tenant_id').notNull(),
    documentId: uuid('document_id').notNull(),
    number: integer('number').notNull(), // of the page, from 1
    widthPixels: integer('width_pixels').notNull(), // as it was asked for
    fileSha256: bytea('file_sha256').notNull(), // of the document's file; one of an earlier file is never shown
    runId: uuid('run_id').notNull(), // the document's job at that time: a failure is forgotten with the next one
    jobId: uuid('job_id').notNull(), // that draws it
    storageKey: text('storage_key'),
    sha256: bytea('sha256'), // of the picture's bytes
    bytes: integer('bytes'),
    failureCode: text('failure_code', { enum: failureCodes }),
    askedAt: timestamp('asked_at', { withTimezone: true }).notNull().defaultNow(), // when its job was queued
    usedAt: timestamp('used_at', { withTimezone: true }).notNull().defaultNow(), // to the hour
  },
  (t) => [
    primaryKey({
      name: 'page_images_pkey',
      columns: [t.tenantId, t.documentId, t.number, t.widthPixels],
    }),
    foreignKey({
      name: 'page_images_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    index('page_images_of_job').on(t.tenantId, t.jobId), // what a job has to draw
    index('page_images_by_use').on(t.usedAt), // dropping those used longest ago (db/system-page-images.ts)
    // Does a row name this stored file? (domain/documents/stored-files.ts)
    index('page_images_by_bytes').on(t.tenantId, t.sha256).where(sql`sha256 is not null`),
    check('page_images_number_is_positive', sql`${t.number} > 0`),
    check('page_images_width_is_positive', sql`${t.widthPixels} > 0`),
    check('page_images_file_is_sha256', sql`octet_length(${t.fileSha256}) = 32`),
    check(
      'page_images_picture_is_whole',
      sql`num_nulls(${t.storageKey}, ${t.sha256}, ${t.bytes}) in (0, 3)`,
    ),
    check('page_images_outcome_is_one', sql`${t.storageKey} is null or ${t.failureCode} is null`),
    check('page_images_failure_is_known', sql`${t.failureCode} in (${listed(failureCodes)})`),
  ],
)
