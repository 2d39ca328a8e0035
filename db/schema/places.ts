import { type SQL, sql } from 'drizzle-orm'
import {
  check,
  customType,
  doublePrecision,
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
import { documents, tsvector } from './documents.ts'
import { listed } from './listed.ts'
import { suggestionStates } from './suggestions.ts'
import { tenants } from './tenants.ts'

/** Of Postgres itself: x is the longitude, y the latitude, in degrees. */
const point = customType<{ data: string }>({ dataType: () => 'point' })
/** Of the extension `cube`: a point of the unit sphere, so that the nearest in space are the nearest on the globe. */
const cube = customType<{ data: string }>({ dataType: () => 'cube' })

/** As the file has it. Drizzle's own `jsonb` parses texts once more: the id "5" would be read as 5. */
const jsonId = customType<{ data: string | number }>({
  dataType: () => 'jsonb',
  toDriver: (id) => JSON.stringify(id),
})

export const placeNameCharsMax = 500
export const placeDescriptionCharsMax = 20_000
export const placeAliasesMax = 50

/** How a place and a document came together. */
export const placeLinkSources = ['user', 'suggestion'] as const
export type PlaceLinkSource = (typeof placeLinkSources)[number]

/**
 * A mention of a place: `[start, end)` of the page's text in UTF-16 units, what stands there, and the boxes of its words,
 * `[x, y, width, height]` in 0..1 of the page.
 */
export type PlaceMention = {
  page: number
  start: number
  end: number
  quote: string
  boxes: [number, number, number, number][]
}

/**
 * A named point. Those of one import form a collection; all of a tenant's are the gazetteer that pages are read against.
 * `featureKey` tells an import which one is meant: made of the feature's id, or of all that it says.
 */
export const places = pgTable(
  'places',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    collection: text('collection').notNull(),
    featureKey: text('feature_key'), // null: made by hand
    featureId: jsonId('feature_id'), // null: the file gives it none
    name: text('name').notNull(), // may be empty: a file may hold points without a name
    aliases: jsonb('aliases').$type<string[]>().notNull().default([]),
    nameKeys: text('name_keys').array().notNull().default([]), // how names and aliases are compared
    description: text('description').notNull().default(''),
    longitude: doublePrecision('longitude').notNull(),
    latitude: doublePrecision('latitude').notNull(),
    altitudeMetres: doublePrecision('altitude_metres'),
    properties: jsonb('properties').$type<Record<string, unknown>>().notNull().default({}),
    // 360 there and back rounds to some 6e-14 degrees (6 nm). Of numbers like 1e-300 the areas that an index of points
    // multiplies would underflow, which is an error, and then fails for everybody whose places come to the same page.
    location: point('location').generatedAlwaysAs(
      (): SQL => sql`point(longitude + 360 - 360, latitude + 360 - 360)`,
    ),
    sphere: cube('sphere').generatedAlwaysAs(
      (): SQL =>
        sql`cube(array[cosd(latitude + 360 - 360) * cosd(longitude + 360 - 360), cosd(latitude + 360 - 360) * sind(longitude + 360 - 360), sind(latitude + 360 - 360)])`,
    ),
    // With a slash once more without: the parser takes `Biel/Bienne` for the name of a file.
    search: tsvector('search').generatedAlwaysAs(
      (): SQL =>
        sql`to_tsvector('octavo_text', name) || to_tsvector('octavo_text', aliases) || to_tsvector('octavo_text', description)
          || to_tsvector('octavo_text', case when strpos(name || aliases::text, '/') > 0 then replace(name || ' ' || aliases::text, '/', ' ') else '' end)`,
    ),
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'places_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'places_tenant_exists',
      columns: [t.tenantId],
      foreignColumns: [tenants.id],
    }).onDelete('cascade'),
    uniqueIndex('places_feature_is_unique').on(t.tenantId, t.collection, t.featureKey), // on import
    index('places_by_collection').on(t.tenantId, t.collection, t.id), // GET /places?collection=
    index('places_by_name_key').using('gin', t.tenantId, t.nameKeys), // what a page mentions (btree_gin)
    index('places_by_location').using('gist', t.tenantId, t.location), // GET /places?bbox= (btree_gist)
    index('places_by_name_part').using(
      'gin',
      t.tenantId,
      sql`place_names_text(${t.nameKeys}) gin_trgm_ops`,
    ), // GET /places?q= (btree_gin, pg_trgm)
    index('places_by_sphere').using('gist', t.tenantId, t.sphere), // GET /places/nearest (btree_gist, cube)
    index('places_by_collection_and_sphere').using('gist', t.tenantId, t.collection, t.sphere), // the same with collection=
    index('places_search').using('gin', t.tenantId, t.search).with({ fastupdate: false }), // GET /search (btree_gin)
    check('places_longitude_is_on_earth', sql`${t.longitude} between -180 and 180`),
    check('places_latitude_is_on_earth', sql`${t.latitude} between -90 and 90`),
    check('places_altitude_is_finite', sql`abs(${t.altitudeMetres}) < 'infinity'::float8`),
    check(
      'places_name_length',
      sql`char_length(${t.name}) <= ${sql.raw(String(placeNameCharsMax))}`,
    ),
    check('places_collection_length', sql`char_length(${t.collection}) between 1 and 120`),
    check(
      'places_description_length',
      sql`char_length(${t.description}) <= ${sql.raw(String(placeDescriptionCharsMax))}`,
    ),
    check('places_version_is_positive', sql`${t.version} > 0`),
  ],
)

/** What a place has to do with a document. */
export const placeDocuments = pgTable(
  'place_documents',
  {
    tenantId: uuid('tenant_id').notNull(),
    placeId: uuid('place_id').notNull(),
    documentId: uuid('document_id').notNull(),
    source: text('source', { enum: placeLinkSources }).notNull(),
    pages: jsonb('pages').$type<number[]>().notNull().default([]), // where it says so, from 1, ascending
    note: text('note').notNull().default(''),
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({
      name: 'place_documents_pkey',
      columns: [t.tenantId, t.placeId, t.documentId],
    }),
    foreignKey({
      name: 'place_documents_place_exists',
      columns: [t.tenantId, t.placeId],
      foreignColumns: [places.tenantId, places.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'place_documents_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    index('place_documents_by_document').on(t.tenantId, t.documentId, t.placeId), // GET /places?document_id=
    check('place_documents_source_is_known', sql`${t.source} in (${listed(placeLinkSources)})`),
    check('place_documents_note_length', sql`char_length(${t.note}) <= 2000`),
  ],
)

/**
 * A place whose name stands on pages of a document. Accepted, the two are linked; dismissed, it stays, so that it is not
 * suggested again.
 */
export const placeSuggestions = pgTable(
  'place_suggestions',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    documentId: uuid('document_id').notNull(),
    placeId: uuid('place_id').notNull(),
    state: text('state', { enum: suggestionStates }).notNull().default('open'),
    mentionCount: integer('mention_count').notNull(),
    mentions: jsonb('mentions').$type<PlaceMention[]>().notNull(), // the first of them
    pages: jsonb('pages').$type<number[]>().notNull(), // all of them, from 1, ascending
    alternativePlaceIds: jsonb('alternative_place_ids').$type<string[]>().notNull().default([]), // of the same name, the likeliest first
    decidedByUserId: uuid('decided_by_user_id'), // the user may be gone
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'place_suggestions_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'place_suggestions_place_exists',
      columns: [t.tenantId, t.placeId],
      foreignColumns: [places.tenantId, places.id],
    }).onDelete('cascade'),
    foreignKey({
      name: 'place_suggestions_document_exists',
      columns: [t.tenantId, t.documentId],
      foreignColumns: [documents.tenantId, documents.id],
    }).onDelete('cascade'),
    uniqueIndex('place_suggestions_place_is_suggested_once').on(
      ...([t.tenantId, t.documentId, t.placeId] as const),
    ),
    index('place_suggestions_by_document').on(t.tenantId, t.documentId, t.state, t.id), // GET /places/suggestions?document_id=
    index('place_suggestions_by_place').on(t.tenantId, t.placeId, t.state, t.id), // GET /places/suggestions?place_id=
    index('place_suggestions_by_state').on(t.tenantId, t.state, t.id), // GET /places/suggestions?state=
    check('place_suggestions_state_is_known', sql`${t.state} in (${listed(suggestionStates)})`),
    check(
      'place_suggestions_decision_has_user',
      sql`(${t.state} = 'open') = (${t.decidedByUserId} is null)`,
    ),
    check('place_suggestions_mentions_are_counted', sql`${t.mentionCount} > 0`),
    check('place_suggestions_version_is_positive', sql`${t.version} > 0`),
  ],
)
