import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'

// Dead entries at the head of the claim's index cost every claim a microsecond a hundred, and autovacuum looks once
// a minute. A busy queue is vacuumed by the number of ended jobs, a quiet one soon after its last.
const busyMax = 50_000
const quietMax = 2_000
const quietMs = 1_000

/** Keeps the hot table as small as what is in it. Any number of workers may try: one of them does it. */
export class Vacuuming {
  private readonly db: Db
  private ended = quietMax // what a worker before this one left
  private endedBefore = 0
  private lastEndedAt = 0

  constructor(db: Db) {
    this.db = db
  }

  /** A job has left the table, or was leased again. */
  count(): void {
    this.ended += 1
  }

  /** Vacuums when it is time to. Whoever may not (not the owner of the table) leaves it to autovacuum. */
  async tend(now: number): Promise<void> {
    const isBusy = this.ended !== this.endedBefore
    this.endedBefore = this.ended
    if (isBusy) this.lastEndedAt = now
    const isQuiet = now - this.lastEndedAt >= quietMs
    if (this.ended < (isQuiet ? quietMax : busyMax)) return
    this.ended = 0
    this.endedBefore = 0
    // Without truncation, which would lock everybody out for a moment.
    await this.db.execute(
      sql`vacuum (skip_locked, index_cleanup on, truncate off, parallel 0) jobs`,
    )
  }
}
