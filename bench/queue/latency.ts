import { setTimeout as pause } from 'node:timers/promises'
import type { Contestant } from './contestant.ts'

/** Milliseconds. */
export type Latency = { p50: number; p99: number }

export type StartLatency = {
  sinceCall: Latency // from just before the call that enqueues
  sinceAck: Latency // from its acknowledgement; below zero where the handler was faster
}

const readyMs = 250 // for a worker to connect and to listen
const warmUpSamples = 50
// Long enough for a contestant to write the job as done and to be idle again.
const idleMs = () => 5 + Math.random() * 10

/** How long a single job waits for an idle worker: until the first line of its handler. */
export async function startLatency(queue: Contestant, samples: number): Promise<StartLatency> {
  let onStart = (_at: number) => {}
  const worker = await queue.work(() => onStart(performance.now()), 'latency')
  await pause(readyMs)
  const sinceCall: number[] = []
  const sinceAck: number[] = []
  for (let sample = 0; sample < warmUpSamples + samples; sample += 1) {
    const start = new Promise<number>((resolve) => {
      onStart = resolve
    })
    const calledAt = performance.now()
    await queue.enqueueOne(sample)
    const ackedAt = performance.now()
    const startedAt = await start
    sinceCall.push(startedAt - calledAt)
    sinceAck.push(startedAt - ackedAt)
    await pause(idleMs())
  }
  await worker.stop()
  return { sinceCall: percentiles(sinceCall), sinceAck: percentiles(sinceAck) }
}

function percentiles(values: number[]): Latency {
  const sorted = values.slice(warmUpSamples).sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
  return { p50: at(0.5), p99: at(0.99) }
}
