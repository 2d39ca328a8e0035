import * as z from 'zod'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { visibleReader } from './access.ts'
import * as changes from './changes.ts'
import { contentHandler } from './content.ts'
import { toDocument } from './contract.ts'
import { eventsHandler } from './events.ts'
import { getPageImage } from './page-image-routes.ts'
import { pageImageHandler } from './page-images.ts'
import { documentReader, listDocuments } from './queries.ts'
import * as resultRoutes from './result-routes.ts'
import * as results from './results.ts'
import * as routes from './routes.ts'
import * as tagRoutes from './tag-routes.ts'
import { listTagsHandler } from './tags.ts'
import * as trash from './trash.ts'
import * as trashRoutes from './trash-routes.ts'
import { uploadHandler } from './upload.ts'
import * as versionRoutes from './version-routes.ts'
import * as versions from './versions.ts'

/** Uploaded files, what was read from them, and what can be done with them. */
export const createApp = (deps: Deps) => {
  const readVisible = visibleReader(documentReader(deps.db))
  const reads = { deps, readVisible }
  return newApp(deps, { name: 'documents', summary: 'Files, and the pages read from them.' })
    .on(routes.uploadDocuments, uploadHandler(deps))
    .on(routes.putDocument, uploadHandler(deps))
    .on(routes.listDocuments, async (c, { query }) => {
      const { cursor, limit, user_id: wanted, trashed, tag = [], ...rest } = query
      const { role, userId, tenantId } = identityOf(c.identity)
      const ownUserId = role === 'ingest' ? userId : undefined
      const filters = [ownUserId, wanted, trashed, tag, rest]
      const scope = JSON.stringify([tenantId, 'listDocuments', ...filters])
      const after = cursor ? await c.cursors.read(scope, cursor, z.tuple([z.uuid()])) : null
      const isNobodys = ownUserId !== undefined && wanted !== undefined && wanted !== ownUserId
      const filter = { ...rest, userId: wanted ?? ownUserId }
      const isTrashed = trashed === 'true'
      const before = after?.[0] ?? null
      const of = { tenantId, filter, isTrashed, tags: tag, before, limit: limit + 1 }
      const rows = isNobodys ? [] : await listDocuments(deps.db, of)
      const page = await toPage(
        { cursors: c.cursors, scope, url: c.url },
        { rows, limit, position: (row) => [row.id], item: toDocument },
      )
      return reply(200, page.body, { headers: page.headers })
    })
    .on(tagRoutes.listTags, listTagsHandler(deps))
    .on(routes.getDocument, async (c, { param }) => {
      const row = await readVisible(c, param.id)
      return reply(200, toDocument(row), { version: row.version })
    })
    .on(routes.watchDocument, eventsHandler(readVisible))
    .on(routes.changeDocument, changes.changeHandler(deps))
    .on(routes.deleteDocument, changes.deleteHandler(deps))
    .on(trashRoutes.trashDocument, trash.trashHandler(deps))
    .on(trashRoutes.restoreDocument, trash.restoreHandler(deps))
    .on(versionRoutes.addVersion, versions.addVersionHandler(reads))
    .on(versionRoutes.listVersions, versions.listVersionsHandler(reads))
    .on(versionRoutes.getVersionContent, versions.versionContentHandler(reads))
    .on(versionRoutes.restoreVersion, versions.restoreVersionHandler(reads))
    .on(routes.reprocessDocument, changes.reprocessHandler(deps))
    .on(routes.cancelDocument, changes.cancelHandler(deps))
    .on(resultRoutes.getContent, contentHandler(deps, readVisible))
    .on(resultRoutes.listPages, results.listPagesHandler(reads))
    .on(resultRoutes.getPage, results.getPageHandler(reads))
    .on(resultRoutes.getWords, results.getWordsHandler(reads))
    .on(getPageImage, pageImageHandler(deps, readVisible))
    .on(resultRoutes.getText, results.getTextHandler(reads))
    .on(resultRoutes.getPagesNdjson, results.getPagesNdjsonHandler(reads))
}

export type DocumentsApp = ClientApp<ReturnType<typeof createApp>>
