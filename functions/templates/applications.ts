import * as z from 'zod'
import { openRequiredFields } from '../../domain/annotations/required-fields.ts'
import * as applying from '../../domain/templates/apply.ts'
import { ApplicationTooLarge } from '../../domain/templates/looking-work.ts'
import { identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './application-contract.ts'
import {
  type ApplicationRow,
  deleteApplications,
  isDocument,
  listApplicationRows,
} from './application-queries.ts'

const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

export const applyHandler =
  ({ now }: Deps): Handler<typeof contract.applyTemplate> =>
  (c, { param: { id: templateId }, json: { document_id: documentId } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const application = { tenantId, templateId, documentId, userId, at: now() }
      const applied = await applying.applyTemplate(tx, application).catch((err: unknown) => {
        throw refusalOf(err)
      })
      requireVersion(c, applied.templateVersion)
      const { existing, dismissed, annotated } = applied
      const body: contract.Applied = {
        ...{ template_id: templateId, template_version: applied.templateVersion },
        document_id: documentId,
        suggestions: { created: applied.suggestions, existing, dismissed, annotated },
      }
      if (!applied.isFirst) return reply(200, body)
      const list = `/v1/templates/applications?document_id=${documentId}`
      return reply(201, body, { headers: { Location: `${list}&template_id=${templateId}` } })
    })
  }

function refusalOf(err: unknown): unknown {
  if (err instanceof applying.TemplateMissing) return missing()
  if (err instanceof applying.DocumentMissing)
    return new AppError('invalid', err.message, {
      errors: [{ in: 'body', pointer: '/document_id', code: 'not_found', detail: err.message }],
    })
  if (err instanceof applying.DocumentNotRead)
    return new AppError('conflict', err.message, { hint: 'Apply it when its status is completed.' })
  if (err instanceof ApplicationTooLarge)
    return new AppError('conflict', err.message, {
      hint: 'Give its labels fewer places on any page, or simpler formats.',
    })
  return err
}

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listApplications> =>
  async (c, { query: { document_id: documentId, template_id: templateId, cursor, limit } }) => {
    const { tenantId, url, cursors } = c
    const scope = `${tenantId}|listTemplateApplications|${documentId ?? ''}|${templateId ?? ''}`
    const schema = z.tuple([z.uuid(), z.uuid()])
    const after = cursor ? await cursors.read(scope, cursor, schema) : null
    const filter = { tenantId, documentId, templateId, after }
    const rows = await listApplicationRows(db, { ...filter, limit: limit + 1 })
    const position = ({ application }: ApplicationRow) => [
      ...[application.documentId, application.templateId],
    ]
    const page = await toPage(
      { cursors, scope, url },
      { rows, limit, position, item: toApplication },
    )
    return reply(200, page.body, { headers: page.headers })
  }

const toApplication = ({ application, template }: ApplicationRow): contract.Application => ({
  template_id: application.templateId,
  template_name: template.name,
  template_version: application.templateVersion,
  is_current: application.templateVersion === template.version,
  document_id: application.documentId,
  applied_by: application.userId,
  applied_at: application.appliedAt.toISOString(),
})

export const withdrawHandler: Handler<typeof contract.withdrawApplication> = (c, { param }) =>
  c.write(async (tx) => {
    const of = { tenantId: c.tenantId, templateId: param.id, documentId: param.document_id }
    if ((await deleteApplications(tx, of)) === 0) throw missing()
    return reply(204, null)
  })

export const openFieldsHandler =
  ({ db }: Deps): Handler<typeof contract.readOpenFields> =>
  async ({ tenantId }, { query: { document_id: documentId } }) => {
    if (!(await isDocument(db, tenantId, documentId))) throw missing()
    const open = await openRequiredFields(db, { tenantId, documentIds: [documentId] })
    const fields = open.map(({ templateId, templateName, labelName, reason }) => ({
      ...{ template_id: templateId, template_name: templateName, label_name: labelName, reason },
    }))
    const is_complete = fields.length === 0
    return reply(200, { document_id: documentId, is_complete, fields })
  }
