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
import { conferenceSeries } from './conferences.ts'
import { listed } from './listed.ts'

/** How a change came to be a change. */
export const conferenceChangeKinds = ['added', 'changed', 'withdrawn', 'returned'] as const

/** What became different, each change once. Never changed; it outlives what it tells of, but not the series. */
export const conferenceChanges = pgTable(
  'conference_changes',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    seriesId: uuid('series_id').notNull(),
    editionId: uuid('edition_id'), // null: of the series itself
    deadlineId: uuid('deadline_id'), // null: of the edition itself
    kind: text('kind', { enum: conferenceChangeKinds }).notNull(),
    field: text('field').notNull(),
    oldValue: text('old_value'),
    newValue: text('new_value'),
    sentence: text('sentence').notNull(),
    version: integer('version').notNull(), // that the series had with it
    at: timestamp('at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'conference_changes_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_changes_series_exists',
      columns: [t.tenantId, t.seriesId],
      foreignColumns: [conferenceSeries.tenantId, conferenceSeries.id],
    }).onDelete('cascade'),
    index('conference_changes_by_series').on(t.tenantId, t.seriesId, t.id), // GET /conferences/{id}/changes
    check('conference_changes_kind_is_known', sql`${t.kind} in (${listed(conferenceChangeKinds)})`),
  ],
)
