import { setTimeout as pause } from 'node:timers/promises'
import type { Db } from '../../db/client.ts'
import { dropOldPartitions, ensurePartitions } from '../../db/partitions.ts'
import { deleteExpiredIdempotencyKeys } from '../../db/system.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'

const sweepMs = 60_000
const dayMs = 24 * 3_600_000
const partitionsMs = 6 * 3_600_000 // partitions are made two months ahead: nothing hurries

export type Maintenance = {
  db: Db
  log: Log
  now: () => Date
  historyDays: number // how long finished jobs and their events are kept
  signal: AbortSignal
}

/** Keeps the tables small and the partitions ahead of time, until the signal aborts. A failed round waits for the next. */
export async function maintain(maintenance: Maintenance): Promise<void> {
  const { db, now, historyDays } = maintenance
  await Promise.all([
    repeat(maintenance, 'partitions', partitionsMs, async () => {
      await ensurePartitions(db, now())
      await dropOldPartitions(db, new Date(now().getTime() - historyDays * dayMs))
    }),
    repeat(maintenance, 'idempotency keys', sweepMs, async () => {
      while ((await deleteExpiredIdempotencyKeys(db, now())) > 0);
    }),
  ])
}

async function repeat(
  { log, signal }: Maintenance,
  subject: string,
  everyMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await work()
    } catch (err) {
      log.warn(`Maintenance of ${subject} failed`, {}, err)
    }
    await pause(everyMs, undefined, { signal, ref: false }).catch(() => {})
  }
}
