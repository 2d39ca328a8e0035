import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { cancelBatch, holdBatch, retryItems } from '../../domain/batches/control.ts'
import { enqueueStart } from '../../domain/batches/starting.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { type Handler, type ParsedInput, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import * as queries from './queries.ts'
import { toBatch } from './representation.ts'
import { itemsMax } from './rules.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

type NewBatch = ParsedInput<typeof contract.createBatch>['json']

export const createHandler =
  (deps: Deps): Handler<typeof contract.createBatch> =>
  async (c, { json }) => {
    const { userId } = identityOf(c.identity)
    const { tenantId, requestId } = c
    const answer = await c.write(async (tx) => {
      await requireTemplate(tx, tenantId, json.parameters.template_id)
      const ids = await documentIdsOf(tx, tenantId, json)
      const { name = null, operation, parameters } = json
      const given = Object.entries(parameters).filter(([, value]) => value !== undefined)
      const batch = { tenantId, userId, name, operation, parameters: Object.fromEntries(given) }
      const row = await queries.insertBatch(tx, { ...batch, requestId, at: deps.now() }, ids)
      await enqueueStart(tx, { tenantId, batchId: row.id, after: -1, requestId })
      const headers = { Location: `/v1/batches/${row.id}` }
      return reply(202, toBatch(row), { headers, version: row.version })
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

const invalid = (faults: readonly (Omit<InputFault, 'in' | 'code'> & { code?: string })[]) =>
  new AppError('invalid', faults[0]?.detail ?? 'The batch cannot be made.', {
    errors: faults.map((fault) => ({ code: 'not_found', ...fault, in: 'body' })),
  })

async function requireTemplate(tx: Tx, tenantId: string, id: string | undefined): Promise<void> {
  if (id === undefined || (await queries.templateExists(tx, tenantId, id))) return
  throw invalid([{ pointer: '/parameters/template_id', detail: 'There is no such template.' }])
}

// More help nobody.
const faultsMax = 100

async function documentIdsOf(tx: Tx, tenantId: string, batch: NewBatch): Promise<string[]> {
  const { document_ids: ids, filter } = batch
  if (ids === undefined) return filteredIds(tx, tenantId, filter ?? {})
  const existing = await queries.existingDocuments(tx, tenantId, ids)
  const detail = 'There is no such document.'
  const faults = ids.flatMap((id, index) =>
    existing.has(id) ? [] : [{ pointer: `/document_ids/${index}`, detail }],
  )
  if (faults.length > 0) throw invalid(faults.slice(0, faultsMax))
  return ids
}

async function filteredIds(
  tx: Tx,
  tenantId: string,
  { user_id: userId, ...filter }: NonNullable<NewBatch['filter']>,
): Promise<string[]> {
  const wanted = { tenantId, filter: { ...filter, userId }, limit: itemsMax + 1 }
  const ids = await queries.filteredDocuments(tx, wanted)
  const [pointer, code] = ['/filter', 'custom']
  if (ids.length === 0) throw invalid([{ pointer, code, detail: 'It finds no document.' }])
  if (ids.length > itemsMax)
    throw invalid([{ pointer, code, detail: `It finds more than ${itemsMax} documents.` }])
  return ids
}

/** The batch to change, held, in a version that the caller expects. */
async function openBatch(tx: Tx, c: Call, id: string): Promise<queries.BatchRow> {
  const row = await holdBatch(tx, { tenantId: c.tenantId, id })
  if (!row) throw missing()
  requireVersion(c, row.version)
  return row
}

async function accepted(tx: Tx, c: Call, id: string) {
  const row = await queries.findBatch(tx, c.tenantId, id)
  if (!row) throw missing()
  return reply(202, toBatch(row), { version: row.version })
}

export const cancelHandler =
  (deps: Deps): Handler<typeof contract.cancelBatch> =>
  async (c, { param: { id } }) => {
    const answer = await c.write(async (tx) => {
      const row = await openBatch(tx, c, id)
      if (row.status !== 'running') throw new AppError('conflict', `The batch is ${row.status}.`)
      if (row.cancelRequestedAt === null) await cancelBatch(tx, row)
      return accepted(tx, c, id)
    })
    wakeWorkers(deps, c, 'cancel')
    return answer
  }

export const retryHandler =
  (deps: Deps): Handler<typeof contract.retryBatch> =>
  async (c, { param: { id }, json: { cancelled } }) => {
    const answer = await c.write(async (tx) => {
      const row = await openBatch(tx, c, id)
      if (row.status === 'running' && row.cancelRequestedAt !== null)
        throw new AppError('conflict', 'The batch is being cancelled.')
      const statuses = cancelled ? (['failed', 'cancelled'] as const) : (['failed'] as const)
      const { tenantId, requestId } = c
      if ((await retryItems(tx, { tenantId, id, statuses, requestId })) === 0)
        throw new AppError('conflict', `No item is ${statuses.join(' or ')}.`)
      return accepted(tx, c, id)
    })
    wakeWorkers(deps, c, 'queued')
    return answer
  }

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deleteBatch> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      const row = await openBatch(tx, c, id)
      if (row.status === 'running')
        throw new AppError('conflict', 'The batch runs.', { hint: 'Cancel it first.' })
      await queries.deleteBatchRow(tx, row)
      const { tenantId, userId, keyId } = identityOf(c.identity)
      await appendAudit(tx, {
        ...{ tenantId, action: 'batch.deleted', actor: { userId, keyId }, at: now() },
        ...{ subjectType: 'batch', subjectId: id, requestId: c.requestId },
        detail: { operation: row.operation },
      })
      return reply(204, null)
    })

// Not awaited: a worker that hears nothing looks by itself within a quarter of a second.
function wakeWorkers({ db }: Deps, c: Call, reason: 'queued' | 'cancel'): void {
  ringWorkers(db, reason).catch((err: unknown) => c.log.warn('workers were not woken', {}, err))
}
