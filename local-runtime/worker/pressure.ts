import type { Log } from '../../functions/_shared/ports/log.ts'

export type PressureLimits = {
  /** Resident memory of this process, above which it takes no more jobs. */
  rssBytesMax: number
  /** How late the event loop may be, above which it takes no more jobs. */
  lagMsMax: number
}

type Reading = { rssBytes: number; lagMs: number }

// It is over when both are well below their limits: not a job more and a job less each time.
const reliefShare = 0.9

/** Whether this process has more to do than it can: then it takes no more jobs until that is over. */
export class Pressure {
  private readonly limits: PressureLimits
  private readonly log: Log
  private isHigh = false

  constructor(limits: PressureLimits, log: Log) {
    this.limits = limits
    this.log = log
  }

  /**
   * How many of `places` may be filled: all, or under pressure none; but one always runs, or memory that is never given
   * back would stop this worker for ever.
   */
  allowed(places: number, running: number): number {
    if (!this.isHigh) return places
    return running === 0 ? Math.min(places, 1) : 0
  }

  /** @returns whether there is room again since the last reading */
  read(reading: Reading): boolean {
    const wasHigh = this.isHigh
    const share = this.shareOf(reading)
    this.isHigh = share > (wasHigh ? reliefShare : 1)
    if (this.isHigh === wasHigh) return false
    const fields = { rss_bytes: reading.rssBytes, lag_ms: Math.round(reading.lagMs) }
    const code = 'worker_pressure'
    if (this.isHigh)
      this.log.warn('The worker is at its limit and takes no jobs', { code, ...fields })
    else this.log.info('The worker takes jobs again', fields)
    return wasHigh
  }

  private shareOf({ rssBytes, lagMs }: Reading): number {
    return Math.max(rssBytes / this.limits.rssBytesMax, lagMs / this.limits.lagMsMax)
  }
}
