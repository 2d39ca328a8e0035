import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'
import type { NewJob } from '../jobs/queue.ts'
import { enqueueJob, ringWorkers } from '../jobs/queue.ts'
import { volumeFloor } from './checks.ts'
import { defineRun } from './run.ts'

/** As a function's `jobs.ts` would register it. */
const conferences = (fail: (attempt: number) => void) =>
  ({
    'conferences.refresh': {
      runMsMax: 1_000,
      handler: defineRun({
        steps: [
          {
            name: 'fetch',
            run: async ({ host, log }) => {
              log(`asked by ${host.job.kind}`)
              await host.deps.redis.cache.set('asked', 'yes', 60_000)
              return { output: { count: 3 } }
            },
          },
          {
            name: 'store',
            run: async ({ job, signal, progress }) => {
              fail(job.attempts)
              // Behind the failure: what a failed attempt told last need not have been written.
              progress(1, 2)
              if (job.payload.hang)
                await new Promise((_, reject) =>
                  signal.addEventListener('abort', () => reject(signal.reason)),
                )
              return {}
            },
          },
        ],
        checks: [
          { name: 'volume', after: 'fetch', check: () => volumeFloor({ count: 3, min: 1 }) },
        ],
      }),
    },
  }) satisfies JobKinds

async function ended(fail: (attempt: number) => void, job: Partial<NewJob> = {}) {
  const { db, sql, tenant, logLines } = await startWorker({ handlers: conferences(fail) })
  const [id, tenantId] = [uuidv7(), tenant.id]
  const kind = 'conferences.refresh'
  await db.transaction((tx) => enqueueJob(tx, { tenantId, id, kind, ...job }))
  await ringWorkers(db)
  const row = await eventually('the run has ended', async () => {
    const [found] = await sql`
      select * from job_history where tenant_id = ${tenantId} and id = ${id}`
    return found
  })
  return { row, logLines }
}

test('a run that a function registers is carried out by the worker, its failed step again', async () => {
  const { row, logLines } = await ended((attempt) => {
    if (attempt === 1) throw new TypeError('x is undefined')
  })
  expect(row).toMatchObject({
    ...{ status: 'completed', attempts: 2, progress_done: 1, progress_total: 2 },
    errors: [{ attempt: 1, code: 'internal', step: 'store' }],
    result: { checks: [{ name: 'volume', passed: true, values: { count: 3 } }] },
  })
  const steps: { name: string; attempt: number }[] = row.steps
  expect(steps.map(({ name, attempt }) => `${name} ${attempt}`)).toEqual([
    ...['fetch 1', 'check:volume 1', 'store 2'],
  ])
  expect(JSON.stringify(row)).not.toContain('x is undefined')
  const faults = logLines.filter(({ level }) => level === 'error')
  expect(faults).toMatchObject([{ err: { cause: { message: 'x is undefined' } } }])
})

test('a step that takes longer than the run may is named by the error', async () => {
  const { row } = await ended(() => {}, { payload: { hang: true }, attemptsMax: 1 })
  expect(row).toMatchObject({ status: 'dead', errors: [{ code: 'timeout', step: 'store' }] })
})
