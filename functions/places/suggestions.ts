import { uuidv7 } from 'uuidv7'
import * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'
import { enqueueJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { toHex } from '../_shared/access/keys.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-suggestions.ts'
import { suggestionJobKind } from './suggesting.ts'
import * as queries from './suggestion-queries.ts'
import { toSuggestions } from './suggestion-representation.ts'
import { type Verdict, verdictOn } from './suggestion-rules.ts'

const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const requestHandler =
  ({ db }: Deps): Handler<typeof contract.requestSuggestions> =>
  async (c, { json: { document_id: one, document_ids: several, collection = null } }) => {
    if ((one === undefined) === (several === undefined))
      throw new AppError('invalid', 'Name either one document or several.')
    const documentIds = [...new Set(several ?? [one ?? ''])].sort()
    const payload = { document_ids: documentIds, collection }
    const dedupeKey = await sha256Hex(JSON.stringify(payload))
    const { tenantId, userId } = identityOf(c.identity)
    const answer = await c.write(async (tx) => {
      const documents = await documentsToRead(tx, tenantId, documentIds)
      const id = await enqueueJob(tx, {
        ...{ tenantId, id: uuidv7(), kind: suggestionJobKind, userId, requestId: c.requestId },
        ...{ payload, dedupeKey, onDependencyFailure: 'run' },
        dependsOn: await queries.openJobs(tx, tenantId, documents),
      })
      return reply(202, { job_id: id }, { headers: { Location: `/v1/jobs/${id}` } })
    })
    // Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
    ringWorkers(db).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
    return answer
  }

async function sha256Hex(text: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return toHex(new Uint8Array(hash))
}

async function documentsToRead(tx: Tx, tenantId: string, ids: readonly string[]) {
  const found = await queries.findDocuments(tx, tenantId, ids)
  if (found.length < ids.length) throw missing()
  const trashed = found.find(({ trashedAt }) => trashedAt !== null)
  if (trashed)
    throw new AppError('conflict', `The document ${trashed.id} is in the trash.`, {
      hint: 'Restore it first: POST /v1/documents/{id}/restore.',
    })
  return found
}

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listSuggestions> =>
  async ({ tenantId, url, cursors }, { query: { cursor, limit, ...filter } }) => {
    const scope = JSON.stringify([tenantId, 'listPlaceSuggestions', filter])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const { document_id: documentId, place_id: placeId, state, collection } = filter
    const wanted = { tenantId, documentId, placeId, state, collection, after }
    const rows = await queries.listSuggestionRows(db, { ...wanted, limit: limit + 1 })
    const position = ({ id }: queries.SuggestionRow) => [id]
    const item = (row: queries.SuggestionRow) => row
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item })
    const items = await toSuggestions(db, tenantId, page.body.items)
    return reply(200, { ...page.body, items }, { headers: page.headers })
  }

export const getHandler =
  ({ db }: Deps): Handler<typeof contract.getSuggestion> =>
  async ({ tenantId }, { param: { suggestion: id } }) => {
    const row = await queries.findSuggestion(db, tenantId, id)
    const [shown] = row ? await toSuggestions(db, tenantId, [row]) : []
    if (!shown) throw missing()
    return reply(200, shown, { version: shown.version })
  }

export const decideHandler =
  ({ now }: Deps): Handler<typeof contract.decideSuggestion> =>
  (c, { param: { suggestion: id }, json: { state } }) =>
    c.write(async (tx) => {
      const wishes = [{ id, state, versions: c.ifMatch }]
      const [decided] = await decide(tx, c, { wishes, at: now() })
      const row = await queries.findSuggestion(tx, c.tenantId, id)
      const [shown] = row ? await toSuggestions(tx, c.tenantId, [row]) : []
      if (!shown) throw missing()
      if (decided?.verdict === 'stale_version') requireVersion(c, shown.version)
      if (decided?.verdict === 'conflict') throw decidedOtherwise(shown.state)
      return reply(200, shown, { version: shown.version })
    })

const decidedOtherwise = (state: SuggestionState): AppError =>
  new AppError('conflict', `The suggestion was ${state}.`, {
    hint: 'Make it open again first: PATCH its state to "open".',
  })

export const decideManyHandler =
  ({ now }: Deps): Handler<typeof contract.decideSuggestions> =>
  (c, { json: { decisions } }) =>
    c.write(async (tx) => {
      const wishes = decisions.map(({ version, ...wish }) => ({
        ...wish,
        versions: version === undefined ? null : [version],
      }))
      return reply(200, { items: await decide(tx, c, { wishes, at: now() }) })
    })

type Wishes = {
  wishes: readonly { id: string; state: SuggestionState; versions: readonly number[] | null }[]
  at: Date
}
type Decided = {
  id: string
  verdict: Verdict
  state: SuggestionState | null
  version: number | null
}

async function decide(tx: Tx, c: Call, { wishes, at }: Wishes): Promise<Decided[]> {
  const { tenantId, userId } = identityOf(c.identity)
  const ids = wishes.map(({ id }) => id)
  const held = await queries.holdSuggestions(tx, tenantId, ids)
  const byId = new Map(held.map((row) => [row.id, row]))
  const judged = wishes.map((wish) => {
    const row = byId.get(wish.id)
    return { ...wish, row, verdict: verdictOn(row, wish) }
  })
  const changed = judged.filter(({ verdict }) => verdict === 'changed')
  const idsOf = (some: typeof changed) => some.map(({ id }) => id)
  const reopened = changed.filter(({ row }) => row?.state === 'accepted')
  await queries.unlinkSuggested(tx, tenantId, idsOf(reopened))
  for (const [state, some] of Map.groupBy(changed, (wish) => wish.state))
    await queries.saveDecision(tx, { tenantId, userId, state, at, ids: idsOf(some) })
  // Somebody may have taken the link away: who accepts is to have one.
  const again = judged.filter((wish) => wish.verdict === 'unchanged' && wish.state === 'accepted')
  await queries.linkSuggested(tx, { tenantId, userId, at, ids: idsOf(again) })
  return judged.map(({ id, verdict, row, ...wish }) => {
    const isChanged = verdict === 'changed'
    const version = row ? row.version + Number(isChanged) : null
    return { id, verdict, state: isChanged ? wish.state : (row?.state ?? null), version }
  })
}
