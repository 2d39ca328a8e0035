import type { Tx } from '../../db/client.ts'
import {
  type Proposal,
  proposeRegions,
  type Verdict,
} from '../../domain/annotations/suggestions.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { findSuggestion, holdDocuments } from './queries.ts'
import { toSuggestion, toVerdict } from './representation.ts'

export const proposeHandler =
  (deps: Deps): Handler<typeof contract.proposeRegion> =>
  (c, { json }) =>
    c.write(async (tx) => {
      const [verdict] = await propose(tx, c, { deps, pointer: () => '', list: [json] })
      if (!verdict) throw new Error('a proposal has no verdict')
      const { suggestionId, annotationId } = verdict
      const row = suggestionId === null ? null : await findSuggestion(tx, c.tenantId, suggestionId)
      const body = {
        ...{ verdict: verdict.verdict, suggestion: row && toSuggestion(row) },
        annotation_id: annotationId,
      }
      const shown = row ? { version: row.version } : {}
      if (verdict.verdict !== 'created') return reply(200, body, shown)
      return reply(201, body, {
        ...shown,
        headers: { Location: `/v1/suggestions/${suggestionId}` },
      })
    })

export const proposeManyHandler =
  (deps: Deps): Handler<typeof contract.proposeRegions> =>
  (c, { json }) =>
    c.write(async (tx) => {
      const pointer = (place: number) => `/suggestions/${place}`
      const verdicts = await propose(tx, c, { deps, pointer, list: json.suggestions })
      return reply(200, { items: verdicts.map(toVerdict) })
    })

type Proposed = {
  deps: Deps
  list: readonly contract.NewSuggestion[]
  /** Where one stands in the body. */
  pointer: (place: number) => string
}

async function propose(tx: Tx, c: Call, { deps, list, pointer }: Proposed): Promise<Verdict[]> {
  const { tenantId, userId } = identityOf(c.identity)
  const ids = new Set(list.map(({ document_id }) => document_id))
  const documents = await holdDocuments(tx, tenantId, [...ids])
  const faults = list.flatMap((proposal, place): InputFault[] => {
    const fault = faultOf(proposal, documents)
    if (!fault) return []
    return [
      {
        in: 'body',
        pointer: `${pointer(place)}/${fault.field}`,
        code: 'not_found',
        detail: fault.detail,
      },
    ]
  })
  if (faults[0]) {
    const { pointer: at, detail } = faults[0]
    const message =
      faults.length === 1 ? `body ${at}: ${detail}` : `${faults.length} values are invalid.`
    throw new AppError('invalid', message, { errors: faults.slice(0, faultsMax) })
  }
  return proposeRegions(tx, { tenantId, userId, at: deps.now() }, list.map(toProposal))
}

const faultsMax = 100

function faultOf(
  { document_id: id, page }: contract.NewSuggestion,
  documents: ReadonlyMap<string, number | null>,
): { field: string; detail: string } | null {
  const pageCount = documents.get(id)
  if (pageCount === undefined)
    return { field: 'document_id', detail: 'There is no such document, or it is in the trash.' }
  if (pageCount === null || page <= pageCount) return null
  return { field: 'page', detail: `The document has ${pageCount} pages.` }
}

const toProposal = (json: contract.NewSuggestion): Proposal => ({
  ...{ documentId: json.document_id, page: json.page, box: json.box, rotation: json.rotation },
  ...{ labelType: json.label_type, labelName: json.label_name, value: json.value },
  ...{ attributes: json.attributes, confidence: json.confidence, source: json.source },
})
