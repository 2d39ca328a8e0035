import type { Db } from '../../db/client.ts'
import { listRunEvents, type RunEventRow } from '../../domain/jobs/events.ts'
import type { Call } from '../_shared/http/call.ts'
import type { Handler } from '../_shared/http/route.ts'
import { eventStream, pause, type ServerEvent } from '../_shared/http/sse.ts'
import { StreamPlaces } from '../_shared/http/stream-places.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { toRunEvent, type watchJob } from './contract.ts'
import { EventFollower, firstId } from './follow.ts'
import type { JobRow } from './queries.ts'

const pollMs = 250
const eventsPerRead = 200
const streamMsMax = 15 * 60 * 1000
const streamBounds = { max: 500, perKeyMax: 50 } // in this process; each reads four times a second

const isOpen = ({ status }: JobRow): boolean =>
  status === 'queued' || status === 'waiting' || status === 'running'

const toServerEvent = (row: RunEventRow): ServerEvent => ({
  event: 'run',
  id: row.id,
  data: toRunEvent(row),
})

type Run = { tenantId: string; jobId: string }

async function* eventsFrom(db: Db, run: Run, from: string): AsyncGenerator<RunEventRow[]> {
  let after = from
  for (;;) {
    const rows = await listRunEvents(db, { ...run, after, limit: eventsPerRead })
    yield rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < eventsPerRead) return
    after = last.id
  }
}

/** Sends what happens in a run, until it ends. */
export function watchHandler(
  { db }: Deps,
  readVisible: (c: Call, id: string) => Promise<JobRow>,
): Handler<typeof watchJob> {
  const places = new StreamPlaces(streamBounds)
  return async (c, { param: { id }, header }) => {
    await readVisible(c, id)
    places.refuseWhenFull(c, 'Read the history instead.')
    const follower = new EventFollower(header['last-event-id'] ?? firstId)
    return eventStream(c, async function* (signal) {
      const giveBack = places.take(c)
      const endsAtMs = performance.now() + streamMsMax
      try {
        while (!signal.aborted && performance.now() < endsAtMs) {
          // Read before the events: what happened up to the end is then among them.
          const isLast = !isOpen(await readVisible(c, id))
          for await (const rows of eventsFrom(
            db,
            { tenantId: c.tenantId, jobId: id },
            follower.from,
          ))
            yield* follower.take(rows).map(toServerEvent)
          if (isLast) return
          await pause(pollMs, signal)
        }
      } finally {
        giveBack()
      }
    })
  }
}
