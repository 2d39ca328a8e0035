import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import { eventStream, pause } from '../_shared/http/sse.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { ReadVisible } from './access.ts'
import { toDocument } from './contract.ts'
import type { DocumentRow } from './queries.ts'
import type { watchDocument } from './routes.ts'

const pollMs = 200 // one batched read serves all watchers of a tenant
const streamMsMax = 15 * 60 * 1000
const streamBounds = { max: 1_000, perKeyMax: 100 } // in this process

const isFinal = ({ status }: DocumentRow): boolean =>
  status !== 'pending' && status !== 'processing'

/** Sends a document's state whenever it changes, until it is final. */
export function eventsHandler(readVisible: ReadVisible): Handler<typeof watchDocument> {
  const places = new StreamPlaces(streamBounds)
  return async (c, { param }) => {
    const first = await readVisible(c, param.id)
    places.refuseWhenFull(c, 'Poll the document instead.')
    return eventStream(c, async function* (signal) {
      const giveBack = places.take(c)
      const endsAtMs = performance.now() + streamMsMax
      try {
        let row = first
        let sent = 0
        while (!signal.aborted) {
          if (row.version !== sent) yield { event: 'document', data: toDocument(row) }
          sent = row.version
          if (isFinal(row) || performance.now() > endsAtMs) return
          await pause(pollMs, signal)
          const next = await readVisible(c, param.id).catch(nullWhenMissing)
          if (!next) return
          row = next
        }
      } finally {
        giveBack()
      }
    })
  }
}

function nullWhenMissing(err: unknown): null {
  if (err instanceof AppError && err.code === 'not_found') return null
  throw err
}
