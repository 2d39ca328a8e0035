import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { templates } from '../../db/schema/templates.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as application from './application-contract.ts'
import * as applications from './applications.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import { listTemplateRows, listVersionRows } from './queries.ts'

/** Named sets of labels, with their versions. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: templates })
  const existing = async (tenantId: string, id: string): Promise<contract.TemplateRow> => {
    const row = await readRow(tenantId, id)
    if (!row) throw changes.missing()
    return row
  }
  return newApp(deps, { name: 'templates', summary: 'Named sets of labels.' })
    .on(contract.createTemplate, changes.createHandler(deps))
    .on(contract.listTemplates, async (c, { query }) => {
      const { name, label_name: labelName, cursor, limit } = query
      const { tenantId, url, cursors } = c
      const scope = JSON.stringify([tenantId, 'listTemplates', name, labelName])
      const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
      const filter = { tenantId, name, labelName, after }
      const rows = await listTemplateRows(db, { ...filter, limit: limit + 1 })
      const position = ({ id }: { id: string }) => [id]
      const parts = { rows, limit, position, item: contract.toTemplate }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(application.listApplications, applications.listHandler(deps))
    .on(application.readOpenFields, applications.openFieldsHandler(deps))
    .on(contract.getTemplate, async (c, { param }) => {
      const row = await existing(c.tenantId, param.id)
      return reply(200, contract.toTemplate(row), { version: row.version })
    })
    .on(contract.changeTemplate, changes.changeHandler(deps))
    .on(contract.deleteTemplate, changes.deleteHandler(deps))
    .on(contract.revertTemplate, changes.revertHandler(deps))
    .on(application.applyTemplate, applications.applyHandler(deps))
    .on(application.withdrawApplication, applications.withdrawHandler)
    .on(contract.listVersions, async (c, { param: { id }, query: { cursor, limit } }) => {
      const { tenantId, url, cursors } = c
      await existing(tenantId, id)
      const scope = `${tenantId}|listTemplateVersions|${id}`
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [null]
      const rows = await listVersionRows(db, { tenantId, id, before, limit: limit + 1 })
      const position = ({ version }: { version: number }) => [version]
      const parts = { rows, limit, position, item: contract.toVersion }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
}

export type TemplatesApp = ClientApp<ReturnType<typeof createApp>>
