import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { users } from '../../db/schema/users.ts'

/** A place of a file, with the names of the columns. */
export type ImportedRow = {
  n: number
  key: string
  placeId: string | null // if its id may be that of a place
  name: string | null // null: not said, here and below
  aliases: readonly string[] | null
  description: string | null
  longitude: string // as text: JSON of Postgres has no -0
  latitude: string
  altitude: string | null
  properties: Record<string, unknown>
}

export type ImportScope = { tenantId: string; collection: string }

const records = (rows: readonly object[], columns: string): SQL =>
  sql`json_to_recordset(${JSON.stringify(rows)}::text::json) as r(${sql.raw(columns)})`

const listed = (rows: readonly { id: string }[]): string =>
  `{${rows.map(({ id }) => id).join(',')}}`

/** Of several who import into a collection, one comes after the other. */
export async function holdCollection(tx: Tx, scope: ImportScope): Promise<void> {
  const name = JSON.stringify(['places', scope.tenantId, scope.collection])
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
}

export type KnownPlace = { n: number; id: string; isChanged: boolean }

/** The places that rows are about, where they are there: by the key, else by the id if the file gave them none. */
export async function findKnown(
  db: Db | Tx,
  { tenantId, collection }: ImportScope,
  rows: readonly ImportedRow[],
): Promise<KnownPlace[]> {
  const columns = `n integer, key text, "placeId" uuid, name text, aliases jsonb, description text, longitude float8,
    latitude float8, altitude float8, properties jsonb`
  // The list of ids keeps a plan that was made on an empty table from reading all places of the tenant.
  const found = await db.execute<KnownPlace>(sql`
    with r as materialized (
      select r.*, coalesce(
        (select k.id from places k
         where k.tenant_id = ${tenantId} and k.collection = ${collection} and k.feature_key = r.key),
        (select o.id from places o
         where o.tenant_id = ${tenantId} and o.id = r."placeId" and o.collection = ${collection} and o.feature_id is null)
      ) as "knownId"
      from ${records(rows, columns)})
    select r.n, p.id, (
        coalesce(r.name, p.name), coalesce(r.aliases, p.aliases), coalesce(r.description, p.description), r.longitude,
        r.latitude, r.altitude, r.properties
      ) is distinct from (
        p.name, p.aliases, p.description, p.longitude, p.latitude, p.altitude_metres, p.properties) as "isChanged"
    from places p join r on r."knownId" = p.id
    where p.tenant_id = ${tenantId} and p.id = any(array(select "knownId" from r))
    order by r.n`)
  return [...found]
}

export type StoredNames = { id: string; name: string; aliases: string[] }

/** Names of places that are about to change; the rows are held. */
export async function holdNames(
  tx: Tx,
  tenantId: string,
  rows: readonly { id: string }[],
): Promise<StoredNames[]> {
  const found = await tx.execute<StoredNames>(sql`
    select id, name, aliases from places
    where tenant_id = ${tenantId} and id = any(${listed(rows)}::uuid[])
    order by id for no key update`)
  return [...found]
}

export type WrittenRow = Omit<ImportedRow, 'n' | 'placeId'> & {
  id: string
  nameKeys: readonly string[]
}
type Origin = ImportScope & { userId: string; at: Date }

const asTexts = (column: string) => sql.raw(`array(select jsonb_array_elements_text(r.${column}))`)

export async function insertPlaces(
  tx: Tx,
  { tenantId, collection, userId, at }: Origin,
  rows: readonly (WrittenRow & { featureId: string | number | null })[],
): Promise<void> {
  const columns = `id uuid, key text, "featureId" jsonb, name text, aliases jsonb, "nameKeys" jsonb, description text,
    longitude float8, latitude float8, altitude float8, properties jsonb`
  await tx.execute(sql`
    insert into places (tenant_id, id, collection, feature_key, feature_id, name, aliases, name_keys, description,
      longitude, latitude, altitude_metres, properties, created_by_user_id, created_at, updated_at)
    select ${tenantId}, id, ${collection}, key, "featureId", coalesce(name, ''), coalesce(aliases, '[]'),
      ${asTexts('"nameKeys"')}, coalesce(description, ''), longitude, latitude, altitude, properties, ${userId},
      ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
    from ${records(rows, columns)}`)
}

export async function updatePlaces(
  tx: Tx,
  { tenantId, at }: Origin,
  rows: readonly WrittenRow[],
): Promise<void> {
  const columns = `id uuid, name text, aliases jsonb, "nameKeys" jsonb, description text, longitude float8,
    latitude float8, altitude float8, properties jsonb`
  await tx.execute(sql`
    update places p set name = coalesce(r.name, p.name), aliases = coalesce(r.aliases, p.aliases),
      name_keys = ${asTexts('"nameKeys"')}, description = coalesce(r.description, p.description),
      longitude = r.longitude, latitude = r.latitude, altitude_metres = r.altitude, properties = r.properties,
      version = p.version + 1, updated_at = ${at.toISOString()}::timestamptz
    from ${records(rows, columns)}
    where p.tenant_id = ${tenantId} and p.id = r.id and p.id = any(${listed(rows)}::uuid[])`)
}

/** Who makes what the operator imports: the tenant's oldest admin that is not disabled; `null`: there is none. */
export async function findFirstAdminId(db: Db, tenantId: string): Promise<string | null> {
  const [row] = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.role, 'admin'), isNull(users.disabledAt)))
    .orderBy(asc(users.id))
    .limit(1)
  return row?.id ?? null
}
