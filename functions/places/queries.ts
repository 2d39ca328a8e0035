import { and, eq, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { places } from '../../db/schema/places.ts'
import { placeNameKeys } from '../../domain/places/names.ts'
import { type PlaceRow, placeColumns } from './representation.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(places.tenantId, tenantId), eq(places.id, id))

/** What a person may say of a place; how its names are compared follows from it. */
export type PlaceContent = Pick<
  typeof places.$inferSelect,
  | 'name'
  | 'collection'
  | 'aliases'
  | 'description'
  | 'longitude'
  | 'latitude'
  | 'altitudeMetres'
  | 'properties'
>

export async function insertPlace(
  tx: Tx,
  content: PlaceContent & { tenantId: string; userId: string; at: Date },
): Promise<PlaceRow> {
  const { userId: createdByUserId, at, ...rest } = content
  const [row] = await tx
    .insert(places)
    .values({
      ...{ ...rest, id: uuidv7(), createdByUserId, createdAt: at, updatedAt: at },
      nameKeys: placeNameKeys(content.name, content.aliases),
    })
    .returning(placeColumns)
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** The row, held until the transaction ends: of several who change it, one comes after the other. */
export async function holdPlace(tx: Tx, tenantId: string, id: string): Promise<PlaceRow | null> {
  const [row] = await tx.select(placeColumns).from(places).where(owned(tenantId, id)).for('update')
  return row ?? null
}

/** Changes a held row. */
export async function savePlace(
  tx: Tx,
  held: PlaceRow & { tenantId: string },
  { at, ...content }: Partial<PlaceContent> & { at: Date },
): Promise<PlaceRow> {
  const { name, aliases } = { ...held, ...content }
  const nameKeys = placeNameKeys(name, aliases)
  const [row] = await tx
    .update(places)
    .set({ ...content, nameKeys, updatedAt: at, version: sql`${places.version} + 1` })
    .where(owned(held.tenantId, held.id))
    .returning(placeColumns)
  if (!row) throw new Error('a held place is gone')
  return row
}

export async function deletePlaceRow(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(places).where(owned(tenantId, id))
}
