import { setTimeout as pause } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { inBatches } from './batches.ts'
import type { Contestant, OnJob, Servers } from './contestant.ts'
import { openProbe, tableBytes } from './probe.ts'

/** A backlog goes faster by fetch and complete, a lonely job by `work` and NOTIFY; each is measured with its own. */
export const settings = {
  enqueueBatch: 10_000,
  enqueueLanes: 2,
  fetchBatch: 5_000,
  fetchLanes: 2,
  max: 10,
}

type Job = { number: number }

const queue = 'noop'
const emptyPauseMs = 2

export async function open(servers: Servers, tuned: typeof settings): Promise<Contestant> {
  const boss = new PgBoss({ ...servers.postgres, max: tuned.max, useListenNotify: true })
  boss.on('error', (err) => {
    throw err
  })
  await boss.start()
  await boss.createQueue(queue, { notify: true })
  const loop = new FetchLoop(boss, tuned)
  const probe = openProbe(servers)
  const jobOf = (number: number) => ({ data: { number } })
  return {
    enqueue: (count) =>
      inBatches(count, tuned, (numbers) => boss.insert(queue, numbers.map(jobOf))),
    enqueueOne: (number) => boss.send(queue, { number }),
    work: (onJob, goal) => (goal === 'throughput' ? loop.start(onJob) : listen(boss, onJob)),
    async isDrained() {
      if (loop.running > 0) return false
      const rows = await probe`
        select 1 from pgboss.job where name = ${queue} and state < 'active' limit 1`
      return rows.length === 0
    },
    bytes: async () => ({ hot: await tableBytes(probe, 'pgboss.job_common'), kept: 0 }),
    async close() {
      await probe.end()
      await boss.stop({ graceful: false })
    },
  }
}

async function listen(boss: PgBoss, onJob: OnJob) {
  const polling = { pollingIntervalSeconds: 0.5, notifyPollingIntervalSeconds: 0.5 }
  await boss.work<Job>(queue, polling, async (jobs) => {
    for (const { data } of jobs) onJob(data.number)
  })
  return { stop: () => boss.offWork(queue) }
}

class FetchLoop {
  running = 0
  private readonly boss: PgBoss
  private readonly tuned: typeof settings

  constructor(boss: PgBoss, tuned: typeof settings) {
    this.boss = boss
    this.tuned = tuned
  }

  async start(onJob: OnJob) {
    const stopping = new AbortController()
    const lane = async () => {
      while (!stopping.signal.aborted) await this.turn(onJob)
    }
    const lanes = Promise.all(Array.from({ length: this.tuned.fetchLanes }, lane))
    return {
      stop: () => {
        stopping.abort()
        return lanes
      },
    }
  }

  private async turn(onJob: OnJob): Promise<void> {
    const jobs = await this.boss.fetch<Job>(queue, { batchSize: this.tuned.fetchBatch })
    this.running += jobs.length
    for (const { data } of jobs) onJob(data.number)
    if (jobs.length === 0) await pause(emptyPauseMs)
    else
      await this.boss.complete(
        queue,
        jobs.map(({ id }) => id),
      )
    this.running -= jobs.length
  }
}
