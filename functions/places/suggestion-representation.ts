import type * as z from 'zod'
import type { Db, Tx } from '../../db/client.ts'
import type { PlaceSuggestion } from './contract-suggestions.ts'
import { findSuggestedPlaces, type SuggestionRow } from './suggestion-queries.ts'

type Shown = z.input<typeof PlaceSuggestion>

/** As the contract shows them, with what else they could be. */
export async function toSuggestions(
  db: Db | Tx,
  tenantId: string,
  rows: readonly SuggestionRow[],
): Promise<Shown[]> {
  const ids = new Set(rows.flatMap(({ alternativePlaceIds }) => alternativePlaceIds))
  const places = await findSuggestedPlaces(db, tenantId, [...ids])
  return rows.map((row) => ({
    id: row.id,
    document_id: row.documentId,
    place: row.place,
    state: row.state,
    mention_count: row.mentionCount,
    mentions: row.mentions,
    pages: row.pages,
    alternatives: row.alternativePlaceIds.flatMap((id) => places.get(id) ?? []),
    decided_by: row.decidedByUserId,
    version: row.version,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }))
}
