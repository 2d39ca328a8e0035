import { setTimeout as pause } from 'node:timers/promises'
import type { Db } from '../../db/client.ts'
import { heartbeatJobs } from '../../domain/jobs/lease-batches.ts'
import { JobReleased } from '../../domain/jobs/outcome.ts'
import type { Attempt } from './attempt.ts'

const heartbeatsMax = 1_000 // in one statement
// For handlers to let go, and processes to be killed, when the time to finish is over.
export const giveBackMs = 2_000

/** The attempts that run in this worker: their heartbeats, and their end. */
export class Attempts {
  private readonly attempts = new Set<Attempt>()

  get size(): number {
    return this.attempts.size
  }

  add(attempt: Attempt): void {
    this.attempts.add(attempt)
  }

  delete(attempt: Attempt): void {
    this.attempts.delete(attempt)
  }

  /** Prolongs the leases that were not heard of for `silentMs`: most jobs end before, and cost no heartbeat. */
  async beat(db: Db, { leaseMs, silentMs }: { leaseMs: number; silentMs: number }): Promise<void> {
    const now = performance.now()
    const held = [...this.attempts].filter((attempt) => attempt.isSilent(now, silentMs))
    for (let from = 0; from < held.length; from += heartbeatsMax)
      await beatFor(held.slice(from, from + heartbeatsMax), db, leaseMs)
  }

  /** Lets them finish for `waitMs`, gives back what has not, and waits {@link giveBackMs} at most for its handlers. */
  async finish(waitMs: number): Promise<void> {
    const ended = () => Promise.all([...this.attempts].map((attempt) => attempt.done))
    await Promise.race([ended(), pause(waitMs, undefined, { ref: false })])
    for (const attempt of this.attempts) attempt.stop(new JobReleased())
    await Promise.race([ended(), pause(giveBackMs, undefined, { ref: false })])
    await Promise.all([...this.attempts].map((attempt) => attempt.abandon()))
  }
}

async function beatFor(attempts: readonly Attempt[], db: Db, leaseMs: number): Promise<void> {
  const askedAt = performance.now()
  try {
    const leases = attempts.map(({ job }) => job)
    const states = await heartbeatJobs(db, leases, leaseMs)
    for (const [index, attempt] of attempts.entries())
      attempt.hear(states[index] ?? 'lost', askedAt)
  } catch (err) {
    for (const attempt of attempts) attempt.hear(null, askedAt)
    throw err
  }
}
