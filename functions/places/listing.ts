import * as z from 'zod'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-reading.ts'
import { listPlaceRows } from './listing-queries.ts'
import { findNearest } from './nearest-queries.ts'
import { toPlace } from './representation.ts'

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listPlaces> =>
  async ({ tenantId, url, cursors }, { query: { cursor, limit, ...given } }) => {
    const { collection, document_id: documentId, q, bbox: box } = given
    const filter = { collection, documentId, q, box }
    const scope = JSON.stringify([tenantId, 'listPlaces', filter])
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listPlaceRows(db, { tenantId, ...filter, after, limit: limit + 1 })
    const position = ({ id }: { id: string }) => [id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toPlace })
    return reply(200, page.body, { headers: page.headers })
  }

export const nearestHandler =
  ({ db }: Deps): Handler<typeof contract.listNearest> =>
  async ({ tenantId }, { query }) => {
    const { document_id: documentId, max_distance_m: distanceMetresMax, ...where } = query
    const rows = await findNearest(db, { tenantId, documentId, distanceMetresMax, ...where })
    const items = rows.map(({ distanceMetres, ...row }) => ({
      ...toPlace(row),
      distance_m: distanceMetres,
    }))
    return reply(200, { items })
  }
