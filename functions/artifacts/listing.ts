import * as z from 'zod'
import { findVisibleChannel } from '../../domain/channels/access.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { listArtifacts } from './contract.ts'
import { missing, readerOf } from './place.ts'
import { listArtifactRows } from './queries.ts'
import { toArtifact } from './representation.ts'

export const listHandler =
  ({ db }: Deps): Handler<typeof listArtifacts> =>
  async (c, { query: { cursor, limit, ...filter } }) => {
    const { url, cursors } = c
    const reader = readerOf(c)
    // A channel that is not theirs to see is not there, rather than empty.
    if (filter.channel_id && !(await findVisibleChannel(db, reader, filter.channel_id)))
      throw missing()
    const scope = JSON.stringify([c.tenantId, 'listArtifacts', filter])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listArtifactRows(db, reader, {
      channelId: filter.channel_id,
      messageId: filter.message_id,
      documentId: filter.document_id,
      createdBy: filter.created_by,
      ...{ status: filter.status, model: filter.model, before, limit: limit + 1 },
    })
    const position = ({ id }: { id: string }) => [id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toArtifact })
    return reply(200, page.body, { headers: page.headers })
  }
