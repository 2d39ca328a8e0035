import { and, asc, eq, gt, or, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { places } from '../../db/schema/places.ts'
import { type GlobeBox, rectanglesOf } from '../../domain/places/globe.ts'
import { placeNameKey } from '../../domain/places/names.ts'
import { type PlaceRow, placeColumns } from './representation.ts'

/** What a list is narrowed to; what is left out narrows nothing. */
type PlaceFilter = {
  collection?: string | undefined
  documentId?: string | undefined
  q?: string | undefined // a part of a name or alias
  box?: GlobeBox | undefined
}

type ListPlaces = PlaceFilter & {
  tenantId: string
  after: string | null // id; ids of UUIDv7 sort by time
  limit: number
}

/** Oldest first. */
export async function listPlaceRows(db: Db, list: ListPlaces): Promise<PlaceRow[]> {
  const { collection, documentId, q, box } = list
  const isWhole = [collection, documentId, q, box].every((value) => value === undefined)
  if (isWhole) return listedRows(db, list, [])
  // A text without letters and digits is a part of no name, as names are compared.
  if (q !== undefined && placeNameKey(q) === '') return []
  return db.transaction(async (tx) => {
    // Planned anew for each: what is good for a small box takes a second for half the globe, and the other way round.
    await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
    const among = await narrowed(tx, list)
    // Where no index leaves few, an index in the order of the list is read until the page is full, and nothing is sorted.
    if (among.length === 0) await tx.execute(sql`set local enable_sort = off`)
    return listedRows(tx, list, among)
  })
}

const listedRows = (
  db: Db | Tx,
  { tenantId, after, limit, ...filter }: ListPlaces,
  among: readonly string[][],
): Promise<PlaceRow[]> => {
  const { collection, documentId, q, box } = filter
  return db
    .select(placeColumns)
    .from(places)
    .where(
      and(
        eq(places.tenantId, tenantId),
        ...among.map((ids) => sql`${places.id} = any(${`{${ids.join(',')}}`}::uuid[])`),
        collection === undefined ? undefined : eq(places.collection, collection),
        q === undefined ? undefined : sql`position(${placeNameKey(q)} in ${nameText}) > 0`,
        box && isInside(box),
        documentId === undefined ? undefined : isLinked(tenantId, documentId),
        after === null ? undefined : gt(places.id, after),
      ),
    )
    .orderBy(asc(places.id))
    .limit(limit)
}

const nameText = sql`place_names_text(${places.nameKeys})`

const isInside = (box: GlobeBox): SQL | undefined =>
  or(
    ...rectanglesOf(box).map(
      ({
        west,
        south,
        east,
        north,
      }) => sql`(${places.longitude} between ${west}::float8 and ${east}::float8
        and ${places.latitude} between ${south}::float8 and ${north}::float8)`,
    ),
  )

/** Of a document that is there, and not in the trash. */
const linkedWith = (tenantId: string, documentId: string): SQL => sql`
  select l.place_id as id from place_documents l
  join documents d on d.tenant_id = l.tenant_id and d.id = l.document_id
  where l.tenant_id = ${tenantId} and l.document_id = ${documentId} and d.trashed_at is null`

export const isLinked = (tenantId: string, documentId: string): SQL =>
  sql`${places.id} in (${linkedWith(tenantId, documentId)})`

/** Rounded as the column is: what lies in a box lies in it still when both are rounded. */
const pointOf = (longitude: number, latitude: number): SQL =>
  sql`point(${longitude + 360 - 360}::float8, ${latitude + 360 - 360}::float8)`

// Read in a few milliseconds. Of what is more, a page is soon found by looking at one place after the other.
const narrowedMax = 1_000
// A trigram; the index knows nothing shorter.
const indexedCharactersMin = 3

/**
 * What the indexes find, for each filter that has one and leaves few: the planner knows neither how many places a box has nor
 * how many names a part is in, and would read and sort all of them for one page.
 */
async function narrowed(tx: Tx, list: ListPlaces): Promise<string[][]> {
  const lists: string[][] = []
  for (const parts of searchesOf(list)) {
    const limited = parts.map((part) => sql`(${part} limit ${narrowedMax + 1})`)
    const rows = await tx.execute<{ id: string }>(sql.join(limited, sql` union all `))
    if (rows.length <= narrowedMax) lists.push(rows.map(({ id }) => id))
  }
  return lists
}

/** Each what one index finds, in one part or several. */
function searchesOf({ tenantId, documentId, q, box }: ListPlaces): SQL[][] {
  const where = (condition: SQL): SQL =>
    sql`select id from places where tenant_id = ${tenantId} and ${condition}`
  const searches: SQL[][] = []
  if (documentId !== undefined) searches.push([linkedWith(tenantId, documentId)])
  if (box)
    searches.push(
      rectanglesOf(box).map(({ west, south, east, north }) =>
        where(sql`location <@ box(${pointOf(west, south)}, ${pointOf(east, north)})`),
      ),
    )
  const key = placeNameKey(q ?? '')
  if (key.length >= indexedCharactersMin)
    searches.push([where(sql`place_names_text(name_keys) like ${`%${key}%`}`)])
  return searches
}
