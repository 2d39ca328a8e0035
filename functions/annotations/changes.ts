import type * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import type { AnnotationChange } from '../../db/schema/annotations.ts'
import { appendVersion, createAnnotation } from '../../domain/annotations/creation.ts'
import {
  type AnnotationRow,
  contentOf,
  toAnnotation,
} from '../../domain/annotations/representation.ts'
import { publishChange } from '../../domain/webhooks/publish.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { findLabelRule } from './labels.ts'
import {
  type AnnotationPatch,
  findVersion,
  holdAnnotation,
  holdDocument,
  saveAnnotation,
} from './queries.ts'
import { differingFields } from './rules.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

const notOnDocument = (pointer: string, detail: string): AppError =>
  new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer, code: 'not_found', detail }],
  })

export const createHandler =
  ({ db, now }: Deps): Handler<typeof contract.createAnnotation> =>
  async (c, { json }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const { document_id: documentId, template_id: templateId, page, source, ...content } = json
    const labelFault = await findLabelRule(db, tenantId, { templateId, place: 'body' })
    const fault = labelFault(json.label_name)
    if (fault) throw new AppError('invalid', fault.detail, { errors: [{ in: 'body', ...fault }] })
    return c.write(async (tx) => {
      const document = await holdDocument(tx, tenantId, documentId)
      if (!document)
        throw notOnDocument('/document_id', 'There is no such document, or it is in the trash.')
      const { pageCount } = document
      if (pageCount !== null && page > pageCount)
        throw notOnDocument('/page', `The document has ${pageCount} pages.`)
      const at = now()
      const by = { createdByUserId: userId, updatedByUserId: userId, createdAt: at, updatedAt: at }
      const { box, ...columns } = columnsOf(content)
      const row = await createAnnotation(tx, {
        ...{ tenantId, documentId, page, source, ...by },
        ...columns,
        ...sidesOf(json.box),
        labelName: json.label_name,
      })
      const headers = { Location: `/v1/annotations/${row.id}` }
      return reply(201, toAnnotation(row), { headers, version: row.version })
    })
  }

export const changeHandler =
  (deps: Deps): Handler<typeof contract.changeAnnotation> =>
  (c, { param, json }) =>
    changed(deps, c, {
      ...{ id: param.id, change: 'change', needsVersion: true },
      patch: () => {
        const values = patchOf(json)
        if (Object.keys(values).length === 0) return null
        return { ...values, validation: 'pending', validatedAt: null, validatedByUserId: null }
      },
    })

export const validateHandler =
  (deps: Deps): Handler<typeof contract.validateAnnotation> =>
  (c, { param, json: { validation } }) =>
    changed(deps, c, {
      ...{ id: param.id, change: 'validate' },
      patch: (_, { at, userId }) =>
        validation === 'pending'
          ? { validation, validatedAt: null, validatedByUserId: null }
          : { validation, validatedAt: at, validatedByUserId: userId },
    })

export const deleteHandler =
  (deps: Deps): Handler<typeof contract.deleteAnnotation> =>
  async (c, { param }) => {
    await changed(deps, c, {
      ...{ id: param.id, change: 'delete' },
      patch: (_, { at }) => ({ deletedAt: at }),
    })
    return reply(204, null)
  }

export const restoreHandler =
  (deps: Deps): Handler<typeof contract.restoreAnnotation> =>
  (c, { param }) =>
    changed(deps, c, {
      ...{ id: param.id, change: 'restore' },
      patch: (row) => (row.deletedAt === null ? null : { deletedAt: null }),
    })

export const undoHandler =
  (deps: Deps): Handler<typeof contract.undoAnnotation> =>
  (c, { param }) =>
    changed(deps, c, {
      ...{ id: param.id, change: 'undo' },
      patch: async (row, { at, tx }) => {
        const before = await findVersion(tx, { ...row, version: row.version - 1 })
        if (!before) throw new AppError('conflict', 'There is no change to undo.')
        const { is_deleted, validation, validated_by, validated_at, ...content } =
          before.content as Undone
        const isPending = validation === 'pending'
        return {
          ...patchOf(content),
          validation,
          // Whoever undoes a change has judged nothing: the verdict stays that of who gave it.
          validatedAt: isPending ? null : new Date(validated_at ?? before.at),
          validatedByUserId: isPending ? null : (validated_by ?? before.userId),
          deletedAt: is_deleted ? at : null,
        }
      },
    })

type Json = z.output<typeof contract.changeAnnotation.input.json>
type Undone = Json & {
  validation: AnnotationRow['validation']
  validated_by?: string | null
  validated_at?: string | null
  is_deleted: boolean
}
type Context = { tx: Tx; at: Date; userId: string }
type Change = {
  id: string
  change: AnnotationChange
  needsVersion?: boolean
  /** `null`: nothing is to be changed. */
  patch: (row: AnnotationRow, context: Context) => Promise<AnnotationPatch> | AnnotationPatch | null
}

/** Every change: the row is held, the caller's version compared, the new version kept in history, in one transaction. */
const changed = ({ now }: Deps, c: Call, { id, change, needsVersion, patch }: Change) => {
  const { tenantId, userId } = identityOf(c.identity)
  return c.write(async (tx) => {
    const row = await holdAnnotation(tx, tenantId, id)
    if (!row || (row.deletedAt !== null && change !== 'restore' && change !== 'undo'))
      throw missing()
    if (needsVersion && c.request.headers.get('if-match') === null)
      throw new AppError('version_required', 'A change needs the version that you have read.', {
        hint: 'Send its ETag as If-Match.',
      })
    await requireRead(tx, c, row)
    const at = now()
    const values = await patch(row, { tx, at, userId })
    if (values === null) return reply(200, toAnnotation(row), { version: row.version })
    const saved = await saveAnnotation(tx, row, {
      ...values,
      ...{ updatedAt: at, updatedByUserId: userId },
    })
    await appendVersion(tx, saved, change)
    await tell(tx, saved, change)
    return reply(200, toAnnotation(saved), { version: saved.version })
  })
}

/** Tells webhooks; after an undo, too, a deleted one is told as deleted. */
function tell(tx: Tx, row: AnnotationRow, change: AnnotationChange): Promise<void> {
  const { tenantId, id: subjectId, documentId, page, labelName, version } = row
  const data = { document_id: documentId, page, label_name: labelName, version }
  const of = { tenantId, subjectId, data }
  if (row.deletedAt !== null) return publishChange(tx, { ...of, type: 'annotation.deleted' })
  return publishChange(tx, { ...of, type: 'annotation.changed', data: { ...data, change } })
}

/** @throws {AppError} `stale_version`, with what differs from the version that the caller has read */
async function requireRead(tx: Tx, c: Call, row: AnnotationRow): Promise<void> {
  try {
    requireVersion(c, row.version)
  } catch (err) {
    const [version = 0] = c.ifMatch ?? []
    const read = await findVersion(tx, { ...row, version })
    if (!(err instanceof AppError) || !read) throw err
    const current: Record<string, unknown> = contentOf(row)
    const errors = differingFields(read.content, current).map((name) => ({
      in: 'body' as const,
      pointer: `/${name}`,
      code: 'changed',
      detail: `It is now ${JSON.stringify(current[name])}.`,
    }))
    throw new AppError('stale_version', err.message, {
      ...(err.hint && { hint: err.hint }),
      errors,
    })
  }
}

const sidesOf = ([x, y, width, height]: readonly [number, number, number, number]) => ({
  ...{ x, y, width, height },
})

const columnsOf = ({ label_type, label_name, ...same }: Json) => ({
  ...same,
  ...(label_type !== undefined && { labelType: label_type }),
  ...(label_name !== undefined && { labelName: label_name }),
})

function patchOf(json: Json): AnnotationPatch {
  const { box, ...columns } = columnsOf(json)
  const given = Object.entries({ ...columns, ...(box && sidesOf(box)) })
  return Object.fromEntries(given.filter(([, value]) => value !== undefined))
}
