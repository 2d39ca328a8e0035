import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import { eventStream, pause } from '../_shared/http/sse.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { watchBatch } from './contract.ts'
import type { BatchRow } from './queries.ts'
import { toBatch } from './representation.ts'

const pollMs = 200 // one batched read serves all watchers of a tenant
const streamMsMax = 15 * 60 * 1000
const streamBounds = { max: 1_000, perKeyMax: 100 } // in this process

type ReadExisting = (tenantId: string, id: string) => Promise<BatchRow>

/** Sends a batch whenever it changes, until it has ended. */
export function eventsHandler(readExisting: ReadExisting): Handler<typeof watchBatch> {
  const places = new StreamPlaces(streamBounds)
  return async (c, { param: { id }, header }) => {
    const first = await readExisting(c.tenantId, id)
    places.refuseWhenFull(c, 'Poll the batch instead.')
    return eventStream(c, async function* (signal) {
      const giveBack = places.take(c)
      const endsAtMs = performance.now() + streamMsMax
      try {
        let row: BatchRow | null = first
        let sent = header['last-event-id'] ?? 0
        while (row && !signal.aborted) {
          if (row.version > sent)
            yield { event: 'batch', id: String(row.version), data: toBatch(row) }
          sent = row.version
          if (row.status !== 'running' || performance.now() > endsAtMs) return
          await pause(pollMs, signal)
          row = await readExisting(c.tenantId, id).catch(nullWhenMissing)
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
