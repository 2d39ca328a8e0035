import * as z from 'zod'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { listPlaceRows } from './queries.ts'
import { toPlace } from './representation.ts'

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listPlaces> =>
  async ({ tenantId, url, cursors }, { query: { cursor, limit, ...filter } }) => {
    const scope = JSON.stringify([tenantId, 'listPlaces', filter])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const { collection } = filter
    const rows = await listPlaceRows(db, { tenantId, collection, after, limit: limit + 1 })
    const position = ({ id }: { id: string }) => [id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toPlace })
    return reply(200, page.body, { headers: page.headers })
  }
