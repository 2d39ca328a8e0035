import type * as z from 'zod'
import { type ImportedSet, ImportFault } from '../../domain/annotations/formats/model.ts'
import { type ImportPlan, planImport } from '../../domain/annotations/import-plan.ts'
import { findTargets, type Target } from '../../domain/annotations/import-targets.ts'
import { countByDocument, writeImport } from '../../domain/annotations/import-writing.ts'
import {
  importBytesMax,
  type PageSize,
  readAnnotations,
} from '../../domain/annotations/importing.ts'
import { identityOf } from '../_shared/http/call.ts'
import { hostileValue } from '../_shared/http/hostile.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { bodyFingerprint, readWholeBody } from '../_shared/http/whole-body.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-files.ts'

type Query = z.output<typeof contract.importAnnotations.input.query>

export const importHandler =
  ({ db, now }: Deps): Handler<typeof contract.importAnnotations> =>
  async (c, { query }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const bytes = await readWholeBody(c, { bytesMax: importBytesMax, now })
    const { format, document_id: documentId } = query
    const set = readSet(bytes, query)
    const { targets, faults } = await findTargets(db, set, { tenantId, documentId })
    if (faults.length > 0)
      throw unreadable(
        faults.map(({ document, code, reason }) => ({
          code,
          detail: `document "${document.name}": ${reason}`,
        })),
      )
    const plan = await planImport(db, set, { tenantId, targets })
    if (plan.faults.length > 0)
      throw unreadable(
        plan.faults.map(({ entry, reason }) => ({
          code: 'invalid',
          detail: `${entry}: ${reason}`,
        })),
      )
    const shown = toImport({ set, targets, plan })
    if (query.dry_run) return reply(200, { import_id: null, ...shown })
    const fingerprint = await bodyFingerprint(c.url, bytes)
    const order = { tenantId, userId, at: now(), format, set, targets, plan }
    return c.write(
      async (tx) => reply(200, { import_id: await writeImport(tx, order), ...shown }),
      { fingerprint },
    )
  }

function readSet(bytes: Uint8Array, { format, page_width, page_height }: Query): ImportedSet {
  const pageSize: PageSize | null =
    page_width === undefined || page_height === undefined
      ? null
      : { width: page_width, height: page_height }
  try {
    const set = readAnnotations(bytes, { format, pageSize })
    const { documents, annotations, attributes } = set
    const hostile = hostileValue({ documents, annotations, attributes })
    if (hostile) throw new ImportFault(hostile.pointer, hostile.detail)
    return set
  } catch (err) {
    if (err instanceof ImportFault) throw unreadable([{ code: 'unreadable', detail: err.message }])
    throw err
  }
}

const faultsShownMax = 100

function unreadable(faults: readonly { code: string; detail: string }[]): AppError {
  const errors = faults
    .slice(0, faultsShownMax)
    .map(({ code, detail }) => ({ in: 'body' as const, pointer: '', code, detail }))
  const [first] = faults
  const detail =
    faults.length === 1 ? first?.detail : `${faults.length} entries cannot be imported.`
  return new AppError('invalid', detail ?? '', { errors })
}

type Planned = { set: ImportedSet; targets: ReadonlyMap<string, Target>; plan: ImportPlan }

function toImport({ set, targets, plan }: Planned) {
  const made = countByDocument(plan.rows)
  const restored = countByDocument(plan.restored)
  const documents = set.documents.flatMap(({ id, name }) => {
    const target = targets.get(id)
    if (!target) return []
    const counts = {
      created: made.get(target.id) ?? 0,
      restored: restored.get(target.id) ?? 0,
      existing: plan.existing.get(target.id) ?? 0,
    }
    return [{ document_id: target.id, name, ...counts }]
  })
  const existing = documents.reduce((sum, document) => sum + document.existing, 0)
  const counts = { created: plan.rows.length, restored: plan.restored.length, existing }
  return { ...counts, documents }
}
