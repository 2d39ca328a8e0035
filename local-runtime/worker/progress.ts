import type { Db } from '../../db/client.ts'
import { holdLease, type Lease, type Progress } from '../../domain/jobs/lease.ts'

const intervalMs = 200
const countMax = 2 ** 31 - 1

/** Writes what an attempt tells of its progress: fenced, seldom, and never backwards. */
export class ProgressWriter {
  private readonly db: Db
  private readonly lease: Lease
  private readonly onFault: (err: unknown) => void
  private latest: Progress = { done: 0, total: 0 }
  private stored: Progress = this.latest
  private writing: Promise<void> | null = null
  private timer: NodeJS.Timeout | null = null
  private isClosed = false

  /** @param onFault hears why a write failed; the next one tells what it wanted to tell */
  constructor(db: Db, lease: Lease, onFault: (err: unknown) => void) {
    this.db = db
    this.lease = lease
    this.onFault = onFault
  }

  report(done: number, total: number): void {
    const next = { done: Math.max(count(done), this.latest.done), total: count(total) }
    if (next.done === this.latest.done && next.total === this.latest.total) return
    this.latest = next
    if (this.timer === null && this.writing === null) this.write()
  }

  /** Stores what is not stored yet. @throws {LeaseLost} */
  async flush(): Promise<void> {
    this.close()
    await this.writing
    if (this.stored !== this.latest) await this.store(this.latest)
  }

  /** Writes nothing more. */
  close(): void {
    this.isClosed = true
    if (this.timer) clearTimeout(this.timer)
  }

  private write(): void {
    this.timer = null
    if (this.isClosed || this.stored === this.latest) return
    this.writing = this.store(this.latest)
      .catch(this.onFault)
      .finally(() => {
        this.writing = null
        if (!this.isClosed) this.timer = setTimeout(() => this.write(), intervalMs)
      })
  }

  private async store(progress: Progress): Promise<void> {
    await this.db.transaction((tx) => holdLease(tx, this.lease, progress))
    this.stored = progress
  }
}

/** Whole, and no more than the column holds. What is no number is no progress. */
const count = (value: number): number =>
  Number.isFinite(value) ? Math.min(Math.max(Math.trunc(value), 0), countMax) : 0
