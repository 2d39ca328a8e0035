import * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import {
  type CollectionRow,
  deleteSome,
  findLast,
  listCollectionRows,
} from './collections-queries.ts'
import type * as contract from './contract-collections.ts'

// A place takes some 50 us with what points to it: a tenth of a second, in which others wait for the lock of the audit log.
const deletedAtOnce = 2_000

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listCollections> =>
  async ({ tenantId, url, cursors }, { query: { cursor, limit } }) => {
    const scope = `${tenantId}|listPlaceCollections`
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.string()])) : [null]
    const rows = await listCollectionRows(db, { tenantId, after, limit: limit + 1 })
    const position = ({ name }: CollectionRow) => [name]
    const item = ({ name, count, updated_at }: CollectionRow) => ({
      ...{ name, count, updated_at: new Date(updated_at).toISOString() },
    })
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item })
    return reply(200, page.body, { headers: page.headers })
  }

/** In pieces, each with its row in the audit log: nothing is held for long, and what has gone is told of whatever comes. */
export const deleteHandler =
  ({ db, now }: Deps): Handler<typeof contract.deleteCollection> =>
  async (c, { query: { collection } }) => {
    const { tenantId } = c
    const last = await findLast(db, { tenantId, collection })
    if (last === null) throw missing()
    const some = { tenantId, collection, last, limit: deletedAtOnce }
    let count: number
    do {
      c.signal.throwIfAborted()
      count = await db.transaction(async (tx) => {
        const gone = await deleteSome(tx, some)
        if (gone > 0) await tell(tx, c, { collection, count: gone, at: now() })
        return gone
      })
    } while (count > 0)
    return reply(204, null)
  }

type Told = { collection: string; count: number; at: Date }

async function tell(tx: Tx, c: Call, { collection, count, at }: Told): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  await appendAudit(tx, {
    ...{
      tenantId,
      action: 'places.collection_deleted',
      subjectType: 'tenant',
      subjectId: tenantId,
    },
    ...{ actor: { userId, keyId }, requestId: c.requestId, detail: { collection, places: count } },
    at,
  })
}
