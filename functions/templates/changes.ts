import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { deleteApplications } from './application-queries.ts'
import * as contract from './contract.ts'
import {
  deleteTemplateRow,
  findVersion,
  holdTemplate,
  insertTemplate,
  saveTemplate,
} from './queries.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** The template to change, locked, in a version that the caller expects. */
async function openTemplate(tx: Tx, c: Call, id: string): Promise<contract.TemplateRow> {
  const row = await holdTemplate(tx, c.tenantId, id)
  if (!row) throw missing()
  requireVersion(c, row.version)
  return row
}

const by = (c: Call, { now }: Deps) => ({ userId: identityOf(c.identity).userId, at: now() })

const shown = (row: contract.TemplateRow) =>
  reply(200, contract.toTemplate(row), { version: row.version })

export const createHandler =
  (deps: Deps): Handler<typeof contract.createTemplate> =>
  (c, { json }) =>
    c.write(async (tx) => {
      const row = await insertTemplate(tx, c.tenantId, { ...json, ...by(c, deps) })
      const headers = { Location: `/v1/templates/${row.id}` }
      return reply(201, contract.toTemplate(row), { headers, version: row.version })
    })

export const changeHandler =
  (deps: Deps): Handler<typeof contract.changeTemplate> =>
  (c, { param, json: { name, labels } }) =>
    c.write(async (tx) => {
      const row = await openTemplate(tx, c, param.id)
      const content = { ...(name !== undefined && { name }), ...(labels && { labels }) }
      return shown(await saveTemplate(tx, row, { ...content, ...by(c, deps) }))
    })

export const revertHandler =
  (deps: Deps): Handler<typeof contract.revertTemplate> =>
  (c, { param, json: { version } }) =>
    c.write(async (tx) => {
      const row = await openTemplate(tx, c, param.id)
      const content = await findVersion(tx, row, version)
      if (!content) throw new AppError('not_found', 'The template has no such version.')
      return shown(await saveTemplate(tx, row, { ...content, ...by(c, deps) }))
    })

export const deleteHandler =
  ({ now }: Deps): Handler<typeof contract.deleteTemplate> =>
  (c, { param }) =>
    c.write(async (tx) => {
      const row = await openTemplate(tx, c, param.id)
      await deleteApplications(tx, { tenantId: row.tenantId, templateId: row.id })
      await deleteTemplateRow(tx, row)
      const { tenantId, userId, keyId } = identityOf(c.identity)
      await appendAudit(tx, {
        ...{ tenantId, action: 'template.deleted', actor: { userId, keyId }, at: now() },
        ...{ subjectType: 'template', subjectId: row.id, requestId: c.requestId },
        detail: { name: row.name },
      })
      return reply(204, null)
    })
