import * as z from 'zod'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { countTags } from './tag-queries.ts'
import type { listTags } from './tag-routes.ts'

export const listTagsHandler =
  ({ db }: Deps): Handler<typeof listTags> =>
  async (c, { query: { cursor, limit } }) => {
    const { tenantId, cursors, url } = c
    const scope = JSON.stringify([tenantId, 'listTags'])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.string()])) : [null]
    const rows = await countTags(db, { tenantId, after, limit: limit + 1 })
    const parts = {
      ...{ rows, limit },
      position: ({ folded }: { folded: string }) => [folded],
      item: ({ name, count }: { name: string; count: number }) => ({ name, count }),
    }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }
