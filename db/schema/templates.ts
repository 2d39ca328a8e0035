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
import type { LabelType } from './annotations.ts'
import { tenants } from './tenants.ts'

/** One label of a template, as it is stored. */
export type TemplateLabel = {
  name: string
  type: LabelType
  colour: string // #rrggbb
  hotkey: string | null // one character
  required: boolean
  expected_format: string | null // a regular expression for the whole value
  /** Where it is expected: `[x, y, width, height]` in 0..1; `page` null: on any. */
  places: { page: number | null; box: number[] }[]
}

/** One label set of a tenant. Versions are kept in `template_versions`; this row is the current one. */
export const templates = pgTable(
  'templates',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    name: text('name').notNull(),
    labels: jsonb('labels').$type<TemplateLabel[]>().notNull(),
    version: integer('version').notNull().default(1),
    updatedByUserId: uuid('updated_by_user_id').notNull(), // the user may be gone
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ name: 'templates_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'templates_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    uniqueIndex('templates_name_is_unique_in_tenant').on(t.tenantId, t.name),
    check('templates_version_is_positive', sql`${t.version} > 0`),
  ],
)

/** Each version that a template has had, whole; written in the transaction of the change. */
export const templateVersions = pgTable(
  'template_versions',
  {
    tenantId: uuid('tenant_id').notNull(),
    templateId: uuid('template_id').notNull(),
    version: integer('version').notNull(),
    name: text('name').notNull(),
    labels: jsonb('labels').$type<TemplateLabel[]>().notNull(),
    userId: uuid('user_id').notNull(),
    at: timestamp('at', { withTimezone: true }).notNull().defaultNow(),
  },
  (t) => [
    primaryKey({
      name: 'template_versions_pkey',
      columns: [t.tenantId, t.templateId, t.version],
    }),
    foreignKey({
      name: 'template_versions_template_exists',
      columns: [t.tenantId, t.templateId],
      foreignColumns: [templates.tenantId, templates.id],
    }).onDelete('cascade'),
  ],
)
