import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { documents, placeDocuments, places } from '../../db/schema/index.ts'
import type { Reader } from '../../domain/channels/access.ts'
import type { Source } from './blocks.ts'
import { isAsked, isListed } from './conditions.ts'
import type { Filter } from './filters.ts'
import * as texts from './texts.ts'
import { isMadeWithin } from './times.ts'

/** Places, by name, other names and description. */
export async function placesSource(tx: Tx, { tenantId }: Reader, filter: Filter): Promise<Source> {
  const linked =
    filter.documentId === undefined ? sql`` : await isLinked(tx, tenantId, filter.documentId)
  return {
    from: sql`${places}`,
    where: sql`${places.tenantId} = ${tenantId} ${linked} ${isAsked(places.createdByUserId, filter.userId)}
      ${isMadeWithin(filter, { id: sql`${places.id}`, at: sql`${places.createdAt}` })}`,
    id: sql`${places.id}`,
    number: sql`0::integer`,
    search: sql`${places.search}`,
    textBytes: sql`octet_length(${places.name}) + octet_length(${places.aliases}::text)
      + octet_length(${places.description})`,
  }
}

/** SQL. Nothing is linked to what is in the trash. */
async function isLinked(tx: Tx, tenantId: string, documentId: string): Promise<SQL> {
  const ids = sql`select ${placeDocuments.placeId} as id from ${placeDocuments}
    join ${documents} on ${documents.tenantId} = ${placeDocuments.tenantId}
      and ${documents.id} = ${placeDocuments.documentId} and ${documents.trashedAt} is null
    where ${placeDocuments.tenantId} = ${tenantId} and ${placeDocuments.documentId} = ${documentId}`
  return sql`and ${await isListed(tx, places.id, ids)}`
}

type PlaceColumns = {
  id: string
  name: string
  collection: string
  longitude: number
  latitude: number
  createdAt: string
}
export type PlaceHit = texts.HitOf<'place', PlaceColumns>

/** A place that has gone meanwhile is left out. */
export async function loadPlaces(db: Db, { reader, keys, words }: texts.Load): Promise<PlaceHit[]> {
  // The stored words were taken from three texts: those of the one that is shown have other positions.
  const search = sql`to_tsvector('octavo_text', shown.text)`
  const rows = await db.execute<PlaceColumns & texts.FoundTextRow>(sql`
    select ${places.id}, ${places.name}, ${places.collection}, ${places.longitude}, ${places.latitude},
      ${texts.contractTime(sql`${places.createdAt}`)} as "createdAt",
      ${texts.foundText(sql`shown.text`, search, words)}
    from ${places}
    cross join lateral (select concat_ws(' · ', nullif(${places.name}, ''), string_agg(a.name, ', ' order by a.at)) as names
      from jsonb_array_elements_text(${places.aliases}) with ordinality as a(name, at)) named
    cross join lateral (select concat_ws(' · ', nullif(names, ''), nullif(${places.description}, ''),
      case when strpos(names, '/') > 0 then replace(names, '/', ' ') end) as text) shown
    where ${places.tenantId} = ${reader.tenantId} and ${texts.isWanted(places.id, keys)}`)
  return texts.toHits('place', rows)
}
