import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { places } from '../../db/schema/places.ts'
import { chordOf, distanceMetres } from '../../domain/places/globe.ts'
import { isLinked } from './listing-queries.ts'
import { type PlaceRow, placeColumns } from './representation.ts'

type Nearest = {
  tenantId: string
  longitude: number
  latitude: number
  limit: number
  distanceMetresMax: number | undefined
  collection?: string | undefined
  documentId: string | undefined
}

type NearPlace = PlaceRow & { distanceMetres: number }
type Near = { id: string; to_point: number; to_antipode: number }

/**
 * The nearest on the sphere, the nearest first; of those equally far, by id. The straight line through the earth, which the
 * index measures, grows with the way on it; at the antipode it does not tell places within 0.2 m from each other.
 */
export const findNearest = (db: Db, nearest: Nearest): Promise<NearPlace[]> =>
  db.transaction(async (tx) => {
    // Planned for these values: on an empty table the planner would settle on sorting all of a tenant's places.
    await tx.execute(sql`set local plan_cache_mode = force_custom_plan`)
    const far = nearest.distanceMetresMax ?? Number.POSITIVE_INFINITY
    const near = (await measured(tx, nearest))
      .map((row) => ({ id: row.id, distance: distanceMetres(row.to_point, row.to_antipode) }))
      .filter(({ distance }) => distance <= far)
      .toSorted((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    const rows = await readAmong(
      tx,
      nearest.tenantId,
      near.map(({ id }) => id),
    )
    return near.flatMap(({ id, distance }) => {
      const row = rows.get(id)
      return row ? [{ ...row, distanceMetres: distance }] : []
    })
  })

/** Ties are read whole, so that it is ids that decide between them and not where rows lie. */
function measured(tx: Tx, nearest: Nearest) {
  const { tenantId, collection, documentId, limit } = nearest
  const point = sphereOf(nearest)
  const antipode = sphereOf(nearest, -1)
  // A cube around the reach: without it a search that finds too few would go round the whole globe.
  const reach = sql`${chordOf(nearest.distanceMetresMax ?? 0) * (1 + 1e-9) + 1e-12}::float8`
  return tx.execute<Near>(sql`
    with near as materialized (
      select id, sphere <-> ${point} as to_point, sphere <-> ${antipode} as to_antipode from places
      where tenant_id = ${tenantId}
        ${collection === undefined ? sql`` : sql`and collection = ${collection}`}
        ${documentId === undefined ? sql`` : sql`and ${isLinked(tenantId, documentId)}`}
        ${nearest.distanceMetresMax === undefined ? sql`` : sql`and sphere <@ cube_enlarge(${point}, ${reach}, 3)`}
      order by sphere <-> ${point} fetch first (${limit}::int) rows with ties)
    select id, to_point, to_antipode from near order by to_point, id limit ${limit}`)
}

/** As the column is made. */
function sphereOf({ longitude, latitude }: Nearest, sign = 1) {
  const rounded = (degrees: number) => sql`${degrees + 360 - 360}::float8`
  const [lambda, phi, turn] = [rounded(longitude), rounded(latitude), sql`${sign}::float8`]
  return sql`cube(array[${turn} * cosd(${phi}) * cosd(${lambda}), ${turn} * cosd(${phi}) * sind(${lambda}),
    ${turn} * sind(${phi})])`
}

async function readAmong(tx: Tx, tenantId: string, ids: string[]): Promise<Map<string, PlaceRow>> {
  const rows = await tx
    .select(placeColumns)
    .from(places)
    .where(
      sql`${places.tenantId} = ${tenantId} and ${places.id} = any(${`{${ids.join(',')}}`}::uuid[])`,
    )
  return new Map(rows.map((row) => [row.id, row]))
}
