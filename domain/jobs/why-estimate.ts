import type { WaitFacts } from '../../db/system-jobs-why.ts'

/** When something is expected, or `null`; `basis` says from what that was reckoned, or why it cannot be. */
export type Estimate = { expectedAt: Date | null; basis: string }

/** Places on which the jobs of a lane can run: those of live workers, as far as the limits let them. */
export type Places = { places: number; free: number }

export function placesOf({ job, supply, running, ...facts }: WaitFacts): Places {
  const { places = 0, free = 0 } = supply[job.kind] ?? {}
  const limits = [
    { max: facts.kindSettings?.runningMax, taken: running.ofKind },
    { max: facts.tenantSettings?.runningMax, taken: running.ofTenant },
    { max: facts.laneSettings?.runningMax, taken: running.ofLane },
  ]
  const left = limits.flatMap(({ max, taken }) => (max == null ? [] : [{ max, taken }]))
  return {
    places: Math.min(places, ...left.map(({ max }) => max)),
    free: Math.max(0, Math.min(free, ...left.map(({ max, taken }) => max - taken))),
  }
}

/** Milliseconds of one attempt at a job of a kind: as its workers measure it, else as this tenant's latest ones took. */
export function meanMsOf(facts: WaitFacts, kind: string): number | null {
  const measured = facts.supply[kind]?.meanMs ?? null
  return measured ?? (kind === facts.job.kind ? facts.historyMeanMs : null)
}

/** The mean of what a tenant runs, each kind as often as it runs; of kinds whose mean is known. */
export function runningMeanMs(facts: WaitFacts): number | null {
  let sum = 0
  let count = 0
  for (const [kind, running] of Object.entries(facts.runningKinds)) {
    const meanMs = meanMsOf(facts, kind)
    if (meanMs === null) continue
    sum += meanMs * running
    count += running
  }
  return count === 0 ? null : sum / count
}

type Line = Places & {
  at: string
  before: number // jobs that begin earlier
  meanMs: number | null
}

/**
 * When a job begins that has `before` others before it. One of the running jobs ends every mean divided by the
 * places; what begins later with a larger priority, or fails and comes again, is not foreseen.
 */
export function startOf({ at, before, places, free, meanMs }: Line): Estimate {
  if (places < 1) return unknown('No live worker has told how many places it has.')
  if (before < free) return { expectedAt: new Date(at), basis: 'A place is free.' }
  if (meanMs === null)
    return unknown('No job of this kind has ended lately, so how long one takes is not known.')
  const ends = before - free + 1
  const basis = `${counted(ends, 'job')} must end first, on ${counted(places, 'place')}, each after ${duration(meanMs)} on average.`
  return { expectedAt: new Date(Date.parse(at) + (ends * meanMs) / places), basis }
}

export const unknown = (basis: string): Estimate => ({ expectedAt: null, basis })

/** The moment in which the last of several causes ends; unknown when that of one is. */
export function latestOf(estimates: readonly Estimate[]): Estimate {
  const [first, ...others] = estimates
  if (!first) return unknown('It does not wait.')
  let latest = first
  for (const other of others) {
    if (latest.expectedAt === null) return latest
    if (other.expectedAt === null || other.expectedAt > latest.expectedAt) latest = other
  }
  return latest
}

export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`

/** For people: `12 ms`, `3.4 s`, `5 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${Number((ms / 1_000).toFixed(1))} s`
  return `${Math.round(ms / 60_000)} min`
}
