import type { Bytes, Contestant } from './contestant.ts'
import { type StartLatency, startLatency } from './latency.ts'
import { bothSeconds, drainSeconds, enqueueSeconds } from './rates.ts'

export type Plan = {
  jobs: number
  warmUpJobs: number
  samples: number // of the start latency
  /** Growth: the parts into which the jobs are split. 0: no growth is measured. */
  parts: number
}

export type Figures = StartLatency & {
  enqueue: number // jobs a second
  drain: number
  both: number
  bytes: { empty: Bytes; queued: Bytes; drained: Bytes }
}

export type Growth = { rate: number; bytes: Bytes[] } // after each part

/** @param settle brings the database to rest, so that no measure pays for the one before it */
export async function measure(
  queue: Contestant,
  { jobs, warmUpJobs, samples }: Plan,
  settle: () => Promise<void>,
): Promise<Figures> {
  const empty = await queue.bytes()
  await queue.enqueue(warmUpJobs)
  await drainSeconds(queue, warmUpJobs)
  await settle()
  const enqueue = jobs / (await enqueueSeconds(queue, jobs))
  const queued = await queue.bytes()
  await settle()
  const drain = jobs / (await drainSeconds(queue, jobs))
  const drained = await queue.bytes()
  await settle()
  const both = jobs / (await bothSeconds(queue, jobs))
  await settle()
  const latency = await startLatency(queue, samples)
  return { enqueue, drain, both, ...latency, bytes: { empty, queued, drained } }
}

/** Queues and drains part after part, and nobody vacuums but autovacuum and the contestant itself. */
export async function measureGrowth(queue: Contestant, { jobs, parts }: Plan): Promise<Growth> {
  const each = Math.ceil(jobs / parts)
  const bytes: Bytes[] = []
  let seconds = 0
  for (let part = 0; part < parts; part += 1) {
    seconds += await enqueueSeconds(queue, each)
    seconds += await drainSeconds(queue, each)
    bytes.push(await queue.bytes())
  }
  return { rate: (each * parts) / seconds, bytes }
}
