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
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'

export const batchOperations = ['extract', 'apply_template', 'export'] as const
export type BatchOperation = (typeof batchOperations)[number]

export const batchStatuses = ['running', 'completed', 'cancelled'] as const
export type BatchStatus = (typeof batchStatuses)[number]

export const batchItemStatuses = ['queued', 'running', 'completed', 'failed', 'cancelled'] as const
export type BatchItemStatus = (typeof batchItemStatuses)[number]

/** What an operation needs beside the document. */
export type BatchParameters = { template_id?: string; format?: string }

const countOf = (name: string) => integer(name).notNull().default(0)

/**
 * Many documents and one operation. The counts move with the items, in the same statement (db/batch-items.ts), so that
 * one row tells how far a batch has come. `version` grows with every such change: it is the ETag.
 */
export const batches = pgTable(
  'batches',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    userId: uuid('user_id').notNull(), // who made it; the user may be gone
    name: text('name'),
    operation: text('operation', { enum: batchOperations }).notNull(),
    parameters: jsonb('parameters').$type<BatchParameters>().notNull().default({}),
    status: text('status', { enum: batchStatuses }).notNull().default('running'),
    itemsTotal: countOf('items_total'),
    itemsQueued: countOf('items_queued'),
    itemsRunning: countOf('items_running'),
    itemsCompleted: countOf('items_completed'),
    itemsFailed: countOf('items_failed'),
    itemsCancelled: countOf('items_cancelled'),
    requestId: text('request_id'),
    cancelRequestedAt: timestamp('cancel_requested_at', { withTimezone: true }),
    finishedAt: timestamp('finished_at', { withTimezone: true }),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'batches_pkey', columns: [t.tenantId, t.id] }), // GET /batches, newest first
    foreignKey({
      name: 'batches_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check('batches_operation_is_known', sql`${t.operation} in (${listed(batchOperations)})`),
    check('batches_status_is_known', sql`${t.status} in (${listed(batchStatuses)})`),
    check(
      'batches_counts_are_whole',
      sql`${t.itemsTotal} = ${t.itemsQueued} + ${t.itemsRunning} + ${t.itemsCompleted} + ${t.itemsFailed} + ${t.itemsCancelled}
        and least(${t.itemsQueued}, ${t.itemsRunning}, ${t.itemsCompleted}, ${t.itemsFailed}, ${t.itemsCancelled}) >= 0`,
    ),
    check(
      'batches_running_has_open_items',
      sql`(${t.status} = 'running') = (${t.itemsQueued} + ${t.itemsRunning} > 0)`,
    ),
  ],
)

/**
 * One document of a batch. It follows its job: whatever ends that, ends this in the same statement. The document may be
 * gone; its item stays.
 */
export const batchItems = pgTable(
  'batch_items',
  {
    tenantId: uuid('tenant_id').notNull(),
    batchId: uuid('batch_id').notNull(),
    position: integer('position').notNull(), // from 0, as they were given
    documentId: uuid('document_id').notNull(),
    status: text('status', { enum: batchItemStatuses }).notNull().default('queued'),
    // Before its latest change: what a statement has changed it from, whatever that statement's snapshot saw.
    previousStatus: text('previous_status', { enum: batchItemStatuses })
      .notNull()
      .default('queued'),
    jobId: uuid('job_id'), // null until it is started; of `extract` the document's own
    attempts: integer('attempts').notNull().default(0), // how often the batch has started it
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    startedAt: timestamp('started_at', { withTimezone: true }),
    finishedAt: timestamp('finished_at', { withTimezone: true }),
  },
  (t) => [
    primaryKey({ name: 'batch_items_pkey', columns: [t.tenantId, t.batchId, t.position] }), // GET /:id/items
    foreignKey({
      name: 'batch_items_batch_exists',
      columns: [t.tenantId, t.batchId],
      foreignColumns: [batches.tenantId, batches.id],
    }).onDelete('cascade'),
    uniqueIndex('batch_items_document_is_unique_in_batch').on(t.tenantId, t.batchId, t.documentId),
    index('batch_items_by_status').on(t.tenantId, t.batchId, t.status, t.position), // GET /:id/items?status=, retry
    index('batch_items_by_job').on(t.tenantId, t.jobId), // the end of a job
    check('batch_items_status_is_known', sql`${t.status} in (${listed(batchItemStatuses)})`),
    check(
      'batch_items_failure_has_code',
      sql`${t.status} <> 'failed' or ${t.errorCode} is not null`,
    ),
  ],
)
