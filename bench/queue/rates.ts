import { setTimeout as pause } from 'node:timers/promises'
import type { Contestant } from './contestant.ts'

const pollMs = 3
const readyMs = 250 // for a worker to connect and to listen

/** @returns seconds until `jobs` jobs are acknowledged */
export function enqueueSeconds(queue: Contestant, jobs: number): Promise<number> {
  return secondsOf(() => queue.enqueue(jobs))
}

/** @returns seconds from the start of the first of `jobs` jobs until the last one is written as done */
export async function drainSeconds(queue: Contestant, jobs: number): Promise<number> {
  const ledger = new Ledger(jobs)
  const worker = await queue.work(ledger.onJob, 'throughput')
  await ledger.isFull
  await drained(queue)
  const seconds = (performance.now() - ledger.firstAt) / 1000
  await worker.stop()
  return seconds
}

/** @returns seconds until `jobs` jobs that are queued under the eyes of a worker are written as done */
export async function bothSeconds(queue: Contestant, jobs: number): Promise<number> {
  const ledger = new Ledger(jobs)
  const worker = await queue.work(ledger.onJob, 'throughput')
  await pause(readyMs)
  const seconds = await secondsOf(async () => {
    await queue.enqueue(jobs)
    await ledger.isFull
    await drained(queue)
  })
  await worker.stop()
  return seconds
}

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1000
}

async function drained(queue: Contestant): Promise<void> {
  while (!(await queue.isDrained())) await pause(pollMs)
}

/** A rate counts only when each job ran, and ran once. */
class Ledger {
  firstAt = 0
  private readonly full = Promise.withResolvers<void>()
  private readonly seen: Uint8Array
  private count = 0

  constructor(jobs: number) {
    this.seen = new Uint8Array(jobs)
  }

  get isFull(): Promise<void> {
    return this.full.promise
  }

  readonly onJob = (number: number): void => {
    if (this.count === 0) this.firstAt = performance.now()
    if (this.seen[number] !== 0) this.full.reject(new Error(`Job ${number} ran a second time.`))
    this.seen[number] = 1
    this.count += 1
    if (this.count === this.seen.length) this.full.resolve()
  }
}
