import * as z from 'zod'
import { findVisibleArtifact } from '../../domain/artifacts/access.ts'
import { findVisibleVersion } from '../../domain/artifacts/versions.ts'
import { type ClientApp, newApp } from '../_shared/http/app.ts'
import type { Call } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { appendHandler } from './appending.ts'
import * as changes from './changes.ts'
import { contentHandler } from './content.ts'
import * as contract from './contract.ts'
import * as versions from './contract-versions.ts'
import { createHandler, createVersionHandler } from './creation.ts'
import { listHandler } from './listing.ts'
import { missing, readerOf } from './place.ts'
import { listVersionRows } from './queries.ts'
import { toArtifact, toVersion } from './representation.ts'
import { revertHandler } from './reverting.ts'
import { streamHandler } from './stream.ts'

/** What AIs make, in versions that are written as a stream and read as one. */
export const createApp = (deps: Deps) => {
  const { db } = deps
  const existing = async (c: Call, id: string) => {
    const row = await findVisibleArtifact(db, readerOf(c), id)
    if (!row) throw missing()
    return row
  }
  return newApp(deps, {
    name: 'artifacts',
    summary: 'What AIs make, in versions that are written as a stream and read as one.',
  })
    .on(contract.createArtifact, createHandler(deps))
    .on(contract.listArtifacts, listHandler(deps))
    .on(contract.getArtifact, async (c, { param }) => {
      const row = await existing(c, param.id)
      return reply(200, toArtifact(row), { version: row.version })
    })
    .on(contract.changeArtifact, changes.changeHandler(deps))
    .on(contract.deleteArtifact, changes.deleteHandler(deps))
    .on(versions.revertArtifact, revertHandler(deps))
    .on(versions.createVersion, createVersionHandler(deps))
    .on(versions.listVersions, async (c, { param: { id }, query: { cursor, limit } }) => {
      const { tenantId, url, cursors } = c
      await existing(c, id)
      const scope = `${tenantId}|listArtifactVersions|${id}`
      const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [null]
      const rows = await listVersionRows(db, { tenantId, id }, { before, limit: limit + 1 })
      const position = ({ number }: { number: number }) => [number]
      const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toVersion })
      return reply(200, page.body, { headers: page.headers })
    })
    .on(versions.getVersion, async (c, { param: { id, number } }) => {
      const seen = await findVisibleVersion(db, readerOf(c), { artifactId: id, number })
      if (!seen) throw missing()
      return reply(200, toVersion(seen.version), { version: seen.version.version })
    })
    .on(versions.cancelVersion, changes.cancelHandler(deps))
    .on(versions.appendContent, appendHandler(deps))
    .on(versions.readContent, contentHandler(deps))
    .on(versions.watchContent, streamHandler(deps))
}

export type ArtifactsApp = ClientApp<ReturnType<typeof createApp>>
