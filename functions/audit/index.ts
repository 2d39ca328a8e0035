import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { auditLog } from '../../db/schema/index.ts'
import { type AuditRecord, listAuditRows } from '../../domain/audit/listing.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import { exportHandler } from './exporting.ts'
import { toAuditRow, toFilter } from './representation.ts'
import { verifyHandler } from './verifying.ts'

const Position = z.tuple([z.iso.datetime(), z.int()])

const summary = 'Who changed identity and keys, exported and deleted; append-only and checkable.'

/** The audit log of a tenant: list, export, check of its chain. */
export const createApp = (deps: Deps) => {
  const readRow = pointRead(deps.db, { table: auditLog })
  return newApp(deps, { name: 'audit', summary })
    .on(contract.listAudit, async ({ tenantId, cursors, url }, { query }) => {
      const { cursor, limit, ...filters } = query
      const scope = JSON.stringify([tenantId, 'listAudit', filters])
      const before = cursor ? await cursors.read(scope, cursor, Position) : null
      const filter = toFilter(tenantId, filters)
      const rows = await listAuditRows(deps.db, { filter, before, limit: limit + 1 })
      const position = ({ createdAt, seq }: AuditRecord) => [createdAt.toISOString(), seq]
      const parts = { rows, limit, position, item: toAuditRow }
      const page = await toPage({ cursors, scope, url }, parts)
      return reply(200, page.body, { headers: page.headers })
    })
    .on(contract.exportAudit, exportHandler(deps))
    .on(contract.verifyAudit, verifyHandler(deps))
    .on(contract.getAuditRow, async ({ tenantId }, { param }) => {
      const row = await readRow(tenantId, param.id)
      if (!row) throw new AppError('not_found', 'There is nothing here.')
      return reply(200, toAuditRow(row), { version: 1 }) // it never has another
    })
}

export type AuditApp = ClientApp<ReturnType<typeof createApp>>
