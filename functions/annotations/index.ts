import * as z from 'zod'
import { pointRead } from '../../db/batch.ts'
import { annotations } from '../../db/schema/annotations.ts'
import { toAnnotation } from '../../domain/annotations/representation.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { bulkHandler } from './bulk.ts'
import * as changes from './changes.ts'
import * as contract from './contract.ts'
import * as files from './contract-files.ts'
import { exportHandler, listExportsHandler } from './exporting.ts'
import { importHandler } from './importing.ts'
import { listHandler } from './listing.ts'
import * as lock from './lock.ts'
import { findRegion, isThere, listVersionRows } from './queries.ts'
import { regionText, toVersion } from './representation.ts'

/** Labelled regions of pages, with their whole history. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const readRow = pointRead(db, { table: annotations })
  return newApp(deps, { name: 'annotations', summary: 'Labelled regions of pages.' })
    .on(contract.createAnnotation, changes.createHandler(deps))
    .on(contract.listAnnotations, listHandler(deps))
    .on(files.exportAnnotations, exportHandler(deps))
    .on(files.listExports, listExportsHandler(deps))
    .on(files.importAnnotations, importHandler(deps))
    .on(files.createInBulk, bulkHandler(deps))
    .on(contract.getAnnotation, async (c, { param }) => {
      const row = await readRow(c.tenantId, param.id)
      if (!row || row.deletedAt !== null) throw changes.missing()
      return reply(200, toAnnotation(row), { version: row.version })
    })
    .on(contract.readRegion, async (c, { param }) => {
      const found = await findRegion(db, c.tenantId, param.id)
      if (!found) throw changes.missing()
      return reply(200, regionText(found), { version: found.region.version })
    })
    .on(contract.changeAnnotation, changes.changeHandler(deps))
    .on(contract.deleteAnnotation, changes.deleteHandler(deps))
    .on(contract.validateAnnotation, changes.validateHandler(deps))
    .on(lock.lockAnnotation, lock.lockHandler(deps))
    .on(lock.readLock, lock.readLockHandler(deps))
    .on(lock.unlockAnnotation, lock.unlockHandler)
    .on(contract.restoreAnnotation, changes.restoreHandler(deps))
    .on(contract.undoAnnotation, changes.undoHandler(deps))
    .on(contract.listVersions, async (c, { param, query: { cursor, limit } }) => {
      const { tenantId, url, cursors } = c
      if (!(await isThere(db, tenantId, param.id))) throw changes.missing()
      const scope = `${tenantId}|listAnnotationVersions|${param.id}`
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [null]
      const rows = await listVersionRows(db, { tenantId, ...param, before, limit: limit + 1 })
      const position = ({ version }: { version: number }) => [version]
      const found = await toPage(
        { cursors, scope, url },
        { rows, limit, position, item: toVersion },
      )
      return reply(200, found.body, { headers: found.headers })
    })
}

export type AnnotationsApp = ClientApp<ReturnType<typeof createApp>>
