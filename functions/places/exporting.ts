import type { Db } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { placeWriters } from '../../domain/places/importing-file.ts'
import type { PlacesWriter } from '../../domain/places/writing.ts'
import { identityOf } from '../_shared/http/call.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-exchange.ts'
import { listPlaceRows } from './listing-queries.ts'

export const exportHandler =
  ({ db, now }: Deps): Handler<typeof contract.exportPlaces> =>
  async (c, { query: { format, ...asked } }) => {
    const { tenantId, userId, keyId } = identityOf(c.identity)
    const writer = placeWriters[format]
    const headers = {
      'Content-Type': writer.contentType,
      'Content-Disposition': `attachment; filename="places.${writer.suffix}"`,
    }
    if (c.request.method === 'HEAD') return new Response(null, { headers })
    await db.transaction((tx) =>
      appendAudit(tx, {
        ...{ tenantId, action: 'places.exported', subjectType: 'tenant', subjectId: tenantId },
        ...{ actor: { userId, keyId }, requestId: c.requestId, detail: { format, ...asked } },
        at: now(),
      }),
    )
    const { collection, document_id: documentId, bbox: box } = asked
    const filter = { tenantId, collection, documentId, box }
    return streamed(c, headers, () => piecesOf(db, writer, filter))
  }

type Filter = Omit<Parameters<typeof listPlaceRows>[1], 'after' | 'limit'>

const rowsPerRead = 500
const chunkCharacters = 16 * 1024

/** Some places at a time, so that a slow reader holds neither memory nor a connection. */
async function* piecesOf(db: Db, writer: PlacesWriter, filter: Filter): AsyncGenerator<string> {
  let text = writer.start
  let after: string | null = null
  do {
    const rows: Awaited<ReturnType<typeof listPlaceRows>> = await listPlaceRows(db, {
      ...filter,
      ...{ after, limit: rowsPerRead },
    })
    for (const [index, row] of rows.entries()) {
      text += `${after === null && index === 0 ? '' : writer.between}${writer.place(row)}`
      if (text.length < chunkCharacters) continue
      yield text
      text = ''
    }
    after = rows.length < rowsPerRead ? null : (rows.at(-1)?.id ?? null)
  } while (after !== null)
  yield text + writer.end
}
