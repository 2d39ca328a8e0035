import type { Tx } from '../../db/client.ts'
import { createAnnotation } from '../../domain/annotations/creation.ts'
import {
  type AnnotationRow,
  contentOf,
  toAnnotation,
} from '../../domain/annotations/representation.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { decideSuggestion, findAnnotation, holdSuggestion } from './queries.ts'
import { type SuggestionRow, toSuggestion } from './representation.ts'
import { type Accepted, acceptedContent, differs } from './rules.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const acceptHandler =
  (deps: Deps): Handler<typeof contract.acceptSuggestion> =>
  (c, { param }) =>
    accepted(c, deps, { id: param.id, changes: {} })

export const modifyHandler =
  (deps: Deps): Handler<typeof contract.modifySuggestion> =>
  (c, { param, json }) =>
    accepted(c, deps, { id: param.id, changes: json })

export const dismissHandler =
  ({ now }: Deps): Handler<typeof contract.dismissSuggestion> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const row = await openSuggestion(tx, c, param.id)
      const shown = row.state === 'dismissed' ? row : await dismiss(tx, c, { row, at: now() })
      return reply(200, toSuggestion(shown), { version: shown.version })
    })

function dismiss(tx: Tx, c: Call, { row, at }: { row: SuggestionRow; at: Date }) {
  if (row.state === 'accepted')
    throw new AppError('conflict', 'The suggestion was accepted.', {
      hint: `Delete its annotation: /v1/annotations/${row.annotationId}`,
    })
  const decision = { state: 'dismissed', annotationId: null, updatedAt: at } as const
  return decideSuggestion(tx, row, { ...decision, decidedByUserId: identityOf(c.identity).userId })
}

type Acceptance = { id: string; changes: Accepted }

/** Of several who accept at once one makes the annotation, and the others get it as it is then. */
const accepted = (c: Call, { now }: Deps, { id, changes }: Acceptance) =>
  c.write(async (tx) => {
    const row = await openSuggestion(tx, c, id)
    const earlier = await findAnnotation(tx, row)
    if (earlier) return reply(200, toAnnotation(sameAs(earlier, changes)), earlier)
    if (row.state === 'dismissed')
      throw new AppError('conflict', 'The suggestion was dismissed.', {
        hint: 'Make an annotation of your own: POST /v1/annotations',
      })
    const { userId } = identityOf(c.identity)
    const annotation = await annotate(tx, row, { changes, userId, at: now() })
    await decideSuggestion(tx, row, {
      ...{ state: 'accepted', annotationId: annotation.id },
      ...{ decidedByUserId: userId, updatedAt: annotation.createdAt },
    })
    const headers = { Location: `/v1/annotations/${annotation.id}` }
    return reply(201, toAnnotation(annotation), { headers, version: annotation.version })
  })

/** One that is decided answers as it is, whatever version the caller has read: they may have decided it themselves. */
async function openSuggestion(tx: Tx, c: Call, id: string): Promise<SuggestionRow> {
  const row = await holdSuggestion(tx, c.tenantId, id)
  if (!row) throw missing()
  if (row.state === 'open') requireVersion(c, row.version)
  return row
}

/** @throws {AppError} `conflict`: it is deleted, or is not what the caller wants it to be */
function sameAs(annotation: AnnotationRow, changes: Accepted): AnnotationRow {
  const path = `/v1/annotations/${annotation.id}`
  if (annotation.deletedAt !== null)
    throw new AppError('conflict', 'The annotation of this suggestion was deleted.', {
      hint: `Restore it: POST ${path}/restore`,
    })
  if (differs(changes, contentOf(annotation)))
    throw new AppError('conflict', 'The suggestion was accepted already.', {
      hint: `Change its annotation: PATCH ${path}`,
    })
  return annotation
}

type Annotate = { changes: Accepted; userId: string; at: Date }

function annotate(tx: Tx, row: SuggestionRow, { changes, userId, at }: Annotate) {
  const { box, ...content } = acceptedContent(row, changes)
  const [x, y, width, height] = box
  return createAnnotation(tx, {
    ...{ tenantId: row.tenantId, documentId: row.documentId, page: row.page },
    ...{ ...content, x, y, width, height, confidence: row.confidence },
    source: row.source === 'template' ? 'human' : row.source,
    validation: differs(changes, toSuggestion(row)) ? 'corrected' : 'valid',
    ...{ validatedAt: at, validatedByUserId: userId },
    ...{ createdByUserId: userId, updatedByUserId: userId, createdAt: at, updatedAt: at },
  })
}
