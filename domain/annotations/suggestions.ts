import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import type { LabelType } from '../../db/schema/annotations.ts'
import type { SuggestionSource } from '../../db/schema/suggestions.ts'
import { findNear, type Near } from './suggestions-near.ts'
import { isSamePlace, type LabelledRegion } from './suggestions-same.ts'

/** A region that is proposed for a label. */
export type Proposal = LabelledRegion & {
  labelType: LabelType
  value: string | null
  attributes?: Record<string, unknown>
  confidence: number | null // 0..1
  source: SuggestionSource
  templateId?: string // of source `template`
}

/**
 * What became of a proposal: `created`; `exists`, it is open already; `dismissed`, somebody did not want it, and it does not
 * come back; `annotated`, the label is there already, or was made of this suggestion.
 */
export type Verdict = {
  verdict: 'created' | 'exists' | 'dismissed' | 'annotated'
  suggestionId: string | null // none where an annotation was there first
  annotationId: string | null
}

type By = { tenantId: string; userId: string; at: Date }

/**
 * Proposes regions of documents that the caller holds. One that is the same region as another before it, in the list or in
 * any request at any time, makes nothing: those who propose for a document do so one after the other.
 * @returns a verdict for each, in order
 */
export async function proposeRegions(
  tx: Tx,
  by: By,
  proposals: readonly Proposal[],
): Promise<Verdict[]> {
  if (proposals.length === 0) return []
  await awaitOtherProposals(tx, by.tenantId, proposals)
  const known = await findNear(tx, by.tenantId, proposals)
  const made = new Map<string, (Proposal & { id: string })[]>()
  const verdicts = proposals.map((proposal, place): Verdict => {
    const near = known[place]
    if (near) return verdictOf(near)
    const key = `${proposal.documentId} ${proposal.page} ${proposal.labelName}`
    const others = made.get(key) ?? []
    const twin = others.find((other) => isSamePlace(other, proposal))
    if (twin) return { verdict: 'exists', suggestionId: twin.id, annotationId: null }
    const id = uuidv7()
    others.push({ ...proposal, id })
    made.set(key, others)
    return { verdict: 'created', suggestionId: id, annotationId: null }
  })
  await insertSuggestions(tx, by, [...made.values()].flat())
  return verdicts
}

function verdictOf({ suggestionId, annotationId, state }: Near): Verdict {
  if (state === 'dismissed') return { verdict: 'dismissed', suggestionId, annotationId: null }
  return { verdict: annotationId === null ? 'exists' : 'annotated', suggestionId, annotationId }
}

/** In the order of their ids, so that no two wait for each other; what follows sees all that was waited for. */
async function awaitOtherProposals(
  tx: Tx,
  tenantId: string,
  proposals: readonly Proposal[],
): Promise<void> {
  const ids = [...new Set(proposals.map(({ documentId }) => documentId))].sort()
  for (const id of ids) {
    const name = `suggestions:${tenantId}:${id}`
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
  }
}

async function insertSuggestions(
  tx: Tx,
  { tenantId, userId, at }: By,
  proposals: readonly (Proposal & { id: string })[],
): Promise<void> {
  if (proposals.length === 0) return
  const rows = proposals.map(({ box: [x, y, width, height], ...proposal }) => ({
    ...{ id: proposal.id, document_id: proposal.documentId, page: proposal.page },
    ...{ x, y, width, height, rotation: proposal.rotation },
    ...{ label_type: proposal.labelType, label_name: proposal.labelName, value: proposal.value },
    ...{ attributes: proposal.attributes ?? {}, confidence: proposal.confidence },
    ...{ source: proposal.source, template_id: proposal.templateId ?? null },
  }))
  await tx.execute(sql`
    insert into suggestions (tenant_id, id, document_id, page, x, y, width, height, rotation, label_type,
      label_name, value, attributes, confidence, source, template_id, created_by_user_id, created_at, updated_at)
    select ${tenantId}::uuid, r.*, ${userId}::uuid, ${at.toISOString()}::timestamptz, ${at.toISOString()}::timestamptz
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as r(id uuid, document_id uuid, page int,
      x float8, y float8, width float8, height float8, rotation float8, label_type text, label_name text,
      value text, attributes jsonb, confidence float8, source text, template_id uuid)`)
}
