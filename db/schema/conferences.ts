import { type SQL, sql } from 'drizzle-orm'
import {
  boolean,
  check,
  date,
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
import { tsvector } from './documents.ts'
import { listed } from './listed.ts'
import { tenants } from './tenants.ts'

/** What falls due. */
export const deadlineKinds = [
  'abstract',
  'paper',
  'supplementary',
  'rebuttal',
  'notification',
  'camera_ready',
  'registration',
] as const
export type DeadlineKind = (typeof deadlineKinds)[number]

/** `title`: what the series was called before. `given`: by a person. The others come from the source. */
export const aliasKinds = ['title', 'dblp', 'edition', 'given'] as const
export type AliasKind = (typeof aliasKinds)[number]

/** What an estimate was made of. */
export type EstimateBasis = {
  method: 'median_shift'
  years: number[] // whose deadlines it was made of, oldest first
  shift_days: number[] // from each of those years to the next
  median_shift_days: number
  rounds: number // of each of those years
}

/** One row a tenant: its version grows with whatever changes in its conferences, and who writes holds it. */
export const conferenceHeads = pgTable(
  'conference_heads',
  {
    tenantId: uuid('tenant_id').notNull(),
    version: integer('version').notNull().default(1),
    importedAt: timestamp('imported_at', { withTimezone: true }), // also when it changed nothing
  },
  (t) => [
    primaryKey({ name: 'conference_heads_pkey', columns: [t.tenantId] }),
    foreignKey({
      name: 'conference_heads_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    check('conference_heads_version_is_positive', sql`${t.version} > 0`),
  ],
)

/** A conference that comes again, with its editions. */
export const conferenceSeries = pgTable(
  'conference_series',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    title: text('title').notNull(),
    titleKey: text('title_key').notNull(), // how titles are compared
    description: text('description').notNull(),
    sub: text('sub').notNull(), // area, e.g. `AI`
    rankCcf: text('rank_ccf'),
    rankCore: text('rank_core'),
    rankThcpl: text('rank_thcpl'),
    dblp: text('dblp').notNull(), // empty: none
    searchText: text('search_text').notNull().default(''), // of aliases and editions too; whoever writes them keeps it
    search: tsvector('search').generatedAlwaysAs(
      (): SQL => sql`to_tsvector('octavo_text', search_text)`,
    ),
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'conference_series_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_series_head_exists',
      columns: [t.tenantId],
      foreignColumns: [conferenceHeads.tenantId],
    }).onDelete('cascade'),
    uniqueIndex('conference_series_title_is_unique').on(t.tenantId, t.titleKey, t.dblp), // on import
    index('conference_series_by_dblp').on(t.tenantId, t.dblp), // whose source is it, on import
    index('conference_series_search')
      .using('gin', t.tenantId, t.search)
      .with({ fastupdate: false }), // GET /search (btree_gin)
    check('conference_series_title_length', sql`char_length(${t.title}) between 1 and 200`),
    check('conference_series_version_is_positive', sql`${t.version} > 0`),
  ],
)

/** Other names of a series: import finds it by them, and so do people. */
export const conferenceAliases = pgTable(
  'conference_aliases',
  {
    tenantId: uuid('tenant_id').notNull(),
    seriesId: uuid('series_id').notNull(),
    nameKey: text('name_key').notNull(), // how names are compared
    name: text('name').notNull(),
    kind: text('kind', { enum: aliasKinds }).notNull(),
  },
  (t) => [
    primaryKey({
      name: 'conference_aliases_pkey',
      columns: [t.tenantId, t.seriesId, t.nameKey],
    }),
    foreignKey({
      name: 'conference_aliases_series_exists',
      columns: [t.tenantId, t.seriesId],
      foreignColumns: [conferenceSeries.tenantId, conferenceSeries.id],
    }).onDelete('cascade'),
    index('conference_aliases_by_name').on(t.tenantId, t.nameKey), // whose name is it, on import
    check('conference_aliases_kind_is_known', sql`${t.kind} in (${listed(aliasKinds)})`),
    check('conference_aliases_name_length', sql`char_length(${t.name}) between 1 and 200`),
  ],
)

/** One year's conference. */
export const conferenceEditions = pgTable(
  'conference_editions',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    seriesId: uuid('series_id').notNull(),
    key: text('key').notNull(), // of the source, e.g. `sp27`
    year: integer('year').notNull(),
    link: text('link').notNull(),
    place: text('place').notNull(),
    dateText: text('date_text').notNull(), // as it was given
    startsOn: date('starts_on', { mode: 'string' }), // null: the text does not tell
    endsOn: date('ends_on', { mode: 'string' }),
    zone: text('zone').notNull(), // of its deadlines, as it was given
  },
  (t) => [
    primaryKey({ name: 'conference_editions_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_editions_series_exists',
      columns: [t.tenantId, t.seriesId],
      foreignColumns: [conferenceSeries.tenantId, conferenceSeries.id],
    }).onDelete('cascade'),
    uniqueIndex('conference_editions_key_is_unique').on(t.tenantId, t.seriesId, t.key), // editions of a series
    check('conference_editions_year_is_sane', sql`${t.year} between 1900 and 2200`),
    check('conference_editions_dates_are_ordered', sql`${t.startsOn} <= ${t.endsOn}`),
  ],
)

/** One round of submissions. Which number it has may change; what it is stays. */
export const conferenceRounds = pgTable(
  'conference_rounds',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    editionId: uuid('edition_id').notNull(),
    number: integer('number').notNull(), // from 1, in the order of the source
    comment: text('comment').notNull(),
    isWithdrawn: boolean('is_withdrawn').notNull().default(false), // the source has it no longer
  },
  (t) => [
    primaryKey({ name: 'conference_rounds_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_rounds_edition_exists',
      columns: [t.tenantId, t.editionId],
      foreignColumns: [conferenceEditions.tenantId, conferenceEditions.id],
    }).onDelete('cascade'),
    index('conference_rounds_by_edition').on(t.tenantId, t.editionId, t.number), // rounds of an edition
    check('conference_rounds_number_is_positive', sql`${t.number} > 0`),
  ],
)

/** A deadline of a round, or an estimate of one that is not known yet. Its id is its name in calendars. */
export const conferenceDeadlines = pgTable(
  'conference_deadlines',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    seriesId: uuid('series_id').notNull(),
    roundId: uuid('round_id'), // null: an estimate
    kind: text('kind', { enum: deadlineKinds }).notNull(),
    localText: text('local_text'), // as it was given; null: an estimate
    zone: text('zone'), // as it was given; null: an estimate
    at: timestamp('at', { withTimezone: true }), // null: not known
    estimatedYear: integer('estimated_year'), // null: no estimate
    estimatedRound: integer('estimated_round'),
    basis: jsonb('basis').$type<EstimateBasis>(),
    sequence: integer('sequence').notNull().default(0), // grows with every change that a calendar shows
    isWithdrawn: boolean('is_withdrawn').notNull().default(false), // the source has it no longer
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'conference_deadlines_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'conference_deadlines_series_exists',
      columns: [t.tenantId, t.seriesId],
      foreignColumns: [conferenceSeries.tenantId, conferenceSeries.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'conference_deadlines_round_exists',
      columns: [t.tenantId, t.roundId],
      foreignColumns: [conferenceRounds.tenantId, conferenceRounds.id],
    }).onDelete('cascade'),
    uniqueIndex('conference_deadlines_kind_is_unique').on(t.tenantId, t.roundId, t.kind), // deadlines of a round
    index('conference_deadlines_by_series').on(t.tenantId, t.seriesId, t.at), // of a series, and its estimates
    index('conference_deadlines_by_time').on(t.tenantId, t.at, t.id), // GET /conferences/deadlines
    check('conference_deadlines_kind_is_known', sql`${t.kind} in (${listed(deadlineKinds)})`),
    check(
      'conference_deadlines_estimate_is_whole',
      sql`(${t.basis} is null) = (${t.roundId} is not null) and (${t.basis} is null) = (${t.localText} is not null)
      and (${t.basis} is null) = (${t.zone} is not null) and (${t.basis} is null) = (${t.estimatedYear} is null)
      and (${t.basis} is null) = (${t.estimatedRound} is null) and (${t.basis} is null or ${t.at} is not null)`,
    ),
    check('conference_deadlines_sequence_is_not_negative', sql`${t.sequence} >= 0`),
  ],
)
