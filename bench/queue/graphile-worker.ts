import { Logger, makeWorkerUtils, run } from 'graphile-worker'
import { inBatches } from './batches.ts'
import type { Contestant, OnJob, Servers } from './contestant.ts'
import { openProbe, tableBytes, urlOf } from './probe.ts'

/** `localQueueSize` counts: 500, as in its manual, drains a fifth less. `concurrentJobs` from 1 to 100 is all the same. */
export const settings = {
  enqueueBatch: 10_000,
  enqueueLanes: 2,
  concurrentJobs: 10,
  maxPoolSize: 12,
  localQueueSize: 5_000,
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
}

const task = 'noop'
const table = 'graphile_worker._private_jobs'
// As in its own benchmark: nothing is written for a job.
const logger = new Logger(() => () => {})

export async function open(servers: Servers, tuned: typeof settings): Promise<Contestant> {
  const preset = presetOf(servers, tuned)
  const utils = await makeWorkerUtils({ preset })
  await utils.migrate()
  const probe = openProbe(servers)
  const jobOf = (number: number) => ({ identifier: task, payload: { number } })
  return {
    enqueue: (count) => inBatches(count, tuned, (numbers) => utils.addJobs(numbers.map(jobOf))),
    enqueueOne: (number) => utils.addJob(task, { number }),
    work: (onJob) => work(preset, onJob),
    async isDrained() {
      const rows = await probe`select 1 from ${probe(table)} limit 1`
      return rows.length === 0
    },
    bytes: async () => ({ hot: await tableBytes(probe, table), kept: 0 }),
    async close() {
      await probe.end()
      await utils.release()
    },
  }
}

function presetOf(servers: Servers, tuned: typeof settings): GraphileConfig.Preset {
  const { concurrentJobs, maxPoolSize, completeJobBatchDelay, failJobBatchDelay } = tuned
  return {
    worker: {
      connectionString: urlOf(servers),
      logger,
      concurrentJobs,
      maxPoolSize,
      localQueue: { size: tuned.localQueueSize },
      completeJobBatchDelay,
      failJobBatchDelay,
    },
  }
}

async function work(preset: GraphileConfig.Preset, onJob: OnJob) {
  const noop = (payload: unknown) => onJob((payload as { number: number }).number)
  const taskList = { [task]: noop }
  return run({ preset, taskList, parsedCronItems: [], noHandleSignals: true })
}
