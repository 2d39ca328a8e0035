import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { inBatches } from './batches.ts'
import type { Contestant, OnJob, Servers } from './contestant.ts'

/** `concurrency` from 25 to 500 is all the same. */
export const settings = { enqueueBatch: 250, enqueueLanes: 2, concurrency: 200 }

type Job = { number: number }

const name = 'noop'

export async function open({ redis }: Servers, tuned: typeof settings): Promise<Contestant> {
  const client = new Redis(redis)
  const connection = { ...redis, maxRetriesPerRequest: null }
  const defaultJobOptions = { removeOnComplete: true, removeOnFail: true }
  const queue = new Queue<Job>(name, { connection, defaultJobOptions })
  await queue.waitUntilReady()
  const jobOf = (number: number) => ({ name, data: { number } })
  return {
    enqueue: (count) => inBatches(count, tuned, (numbers) => queue.addBulk(numbers.map(jobOf))),
    enqueueOne: (number) => queue.add(name, { number }),
    work: async (onJob: OnJob) => {
      const handler = async ({ data }: { data: Job }) => onJob(data.number)
      const { concurrency } = tuned
      const worker = new Worker<Job>(name, handler, { connection, concurrency })
      await worker.waitUntilReady()
      return { stop: () => worker.close() }
    },
    async isDrained() {
      const counts = await queue.getJobCounts('wait', 'active', 'delayed', 'prioritized')
      return Object.values(counts).every((count) => count === 0)
    },
    async bytes() {
      const used = /used_memory:(\d+)/.exec(await client.info('memory'))
      return { hot: Number(used?.[1]), kept: 0 }
    },
    async close() {
      await queue.close()
      await client.quit()
    },
  }
}
