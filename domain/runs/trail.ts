import type { Db } from '../../db/client.ts'
import { isRetryable, isUnavailable } from '../../db/errors.ts'
import type { Lease } from '../jobs/lease.ts'
import { storableText } from '../jobs/storable.ts'
import type { LogLevel } from './definition.ts'
import { appendTrail, type TrailEvent } from './queries.ts'

const linesMax = 1_000 // of one attempt
const lineCharactersMax = 2_000
const batchMax = 100

/**
 * The story that an attempt tells. What comes while a statement is under way goes with the next one, so that a line
 * is seen at once and many cost little. Log lines are bounded in number and length; what is left out is counted.
 */
export class Trail {
  private readonly db: Db
  private readonly lease: Lease
  private waiting: TrailEvent[] = []
  private writing: Promise<void> | null = null
  private fault: unknown
  private lines = 0
  private dropped = 0
  private isClosed = false

  constructor(db: Db, lease: Lease) {
    this.db = db
    this.lease = lease
  }

  log(message: string, data: { step: string; level: LogLevel }): void {
    if (this.isClosed) return
    this.lines += 1
    if (this.lines > linesMax) this.dropped += 1
    else
      this.add({
        type: 'log',
        data: { ...data, message: storableText(message, lineCharactersMax) },
      })
  }

  add(event: TrailEvent): void {
    this.waiting.push(event)
    this.writing ??= this.write().finally(() => {
      this.writing = null
    })
  }

  /** Until all that was told is written. @throws {LeaseLost} */
  async flush(): Promise<void> {
    while (this.writing !== null) await this.writing
    if (this.fault !== undefined) throw this.fault
  }

  /** The last word; later lines of what runs on are not heard. @throws {LeaseLost} */
  async close(): Promise<void> {
    this.isClosed = true
    if (this.dropped > 0) {
      const message = `${this.dropped} more lines were left out.`
      this.add({ type: 'log', data: { level: 'warn', message, dropped: this.dropped } })
    }
    await this.flush()
  }

  private async write(): Promise<void> {
    await null // so that what is told in one go is written in one go
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, batchMax)
      if (this.fault !== undefined) continue
      try {
        await appendTrail(this.db, this.lease, batch)
      } catch (err) {
        // Work is worth more than its story: an outage that the work itself survives only leaves a gap.
        if (isUnavailable(err) || isRetryable(err)) this.dropped += batch.length
        else this.fault = err
      }
    }
  }
}
