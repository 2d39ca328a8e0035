import type * as z from 'zod'
import type { Db, Tx } from '../../db/client.ts'
import type { PlaceSuggestion } from './contract-suggestions.ts'
import { findSuggestedPlaces, type SuggestionRow, shownVersion } from './suggestion-queries.ts'

type Shown = z.input<typeof PlaceSuggestion>
type Places = Awaited<ReturnType<typeof findSuggestedPlaces>>
type Place = NonNullable<ReturnType<Places['get']>>

/** As the contract shows them, with their places and what else they could be; one whose place has just gone is left out. */
export async function toSuggestions(
  db: Db | Tx,
  tenantId: string,
  rows: readonly SuggestionRow[],
): Promise<Shown[]> {
  const ids = new Set(rows.flatMap((row) => [row.placeId, ...row.alternativePlaceIds]))
  const places = await findSuggestedPlaces(db, tenantId, [...ids])
  return rows.flatMap((row) => {
    const place = places.get(row.placeId)
    if (!place) return []
    const alternatives = row.alternativePlaceIds.flatMap((id) => places.get(id) ?? [])
    return [toSuggestion(row, place, alternatives.map(withoutVersion))]
  })
}

const withoutVersion = ({ version, ...place }: Place) => place

const toSuggestion = (
  row: SuggestionRow,
  place: Place,
  alternatives: Shown['alternatives'],
): Shown => ({
  id: row.id,
  document_id: row.documentId,
  place: withoutVersion(place),
  state: row.state,
  mention_count: row.mentionCount,
  mentions: row.mentions,
  pages: row.pages,
  alternatives,
  decided_by: row.decidedByUserId,
  version: shownVersion(row, place),
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})
