import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { listWorkers } from '../../db/system.ts'
import { startQueueHost } from '../../test/fixtures/queue-host.ts'
import { setupWaiting } from '../../test/fixtures/waiting-jobs.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { counted, duration, latestOf, startOf } from './why-estimate.ts'

const at = '2026-11-21T12:00:00.000Z'
const secondsAfter = (time: Date | null): number | null =>
  time && (time.getTime() - Date.parse(at)) / 1_000

test.each([
  ['a free place', { before: 0, places: 2, free: 1, meanMs: null }, 0],
  ['free places for all before it', { before: 2, places: 9, free: 3, meanMs: 1_000 }, 0],
  ['the only place', { before: 0, places: 1, free: 0, meanMs: 4_000 }, 4],
  ['the tenth place in a line for two', { before: 9, places: 2, free: 0, meanMs: 1_000 }, 5],
  ['a line that has two free places', { before: 9, places: 4, free: 2, meanMs: 1_000 }, 2],
  ['a line that nobody has measured', { before: 9, places: 2, free: 0, meanMs: null }, null],
  ['a line that nobody works off', { before: 9, places: 0, free: 0, meanMs: 1_000 }, null],
])('who waits for %s begins after as many ends as it takes', (_, line, seconds) => {
  const { expectedAt, basis } = startOf({ at, ...line })
  expect(secondsAfter(expectedAt)).toBe(seconds)
  expect(basis).toMatch(/\.$/)
})

test('of several causes the last to end counts, and one without an end has the last word', () => {
  const ends = (iso: string | null) => ({ expectedAt: iso ? new Date(iso) : null, basis: `${iso}` })
  const [early, late, never] = [ends('2026-01-01'), ends('2026-01-02'), ends(null)]
  expect(latestOf([early, late])).toBe(late)
  expect(latestOf([late, early])).toBe(late)
  expect(latestOf([never, late])).toBe(never)
  expect(latestOf([early, never, late])).toBe(never)
})

test('numbers are told as people say them', () => {
  expect([0.2, 999, 1_250, 60_000, 600_000].map(duration)).toEqual([
    ...['0 ms', '999 ms', '1.3 s', '60 s', '10 min'],
  ])
  expect([counted(1, 'job'), counted(0, 'job')]).toEqual(['1 job', '0 jobs'])
})

test('the estimate of a lane follows from its places, its line and the mean of its jobs', async () => {
  const { enqueue, explain, work, running, limit, kind, resume } = await setupWaiting()
  await work({ places: 2, free: 2, mean_ms: 10_000 })
  for (let count = 0; count < 2; count += 1) await running()
  for (let count = 0; count < 9; count += 1) await enqueue()
  const id = await enqueue()
  const seconds = async () => {
    const { expectedAt, at: now } = await explain(id)
    return expectedAt && (expectedAt.getTime() - now.getTime()) / 1_000
  }
  expect(await seconds()).toBe(50)
  await limit(kind, 1)
  expect(await seconds()).toBe(100)
  await resume()
  await work({ places: 12, free: 12, mean_ms: 10_000 })
  expect(await seconds()).toBe(0)
  await work({ places: 2, free: 2, mean_ms: 0, finished: 0 })
  expect(await explain(id)).toMatchObject({ expectedAt: null })
})

test('without a measuring worker the tenant’s own latest jobs of the kind are the measure', async () => {
  const { enqueue, explain, work, running, complete, sql, tenantId, otherId } = await setupWaiting()
  await work({ places: 1, free: 1, finished: 0, mean_ms: 0 })
  const theirs = await running({ tenantId: otherId })
  await complete(theirs)
  const done = await running()
  await complete(done)
  await sql`update job_history set leased_at = finished_at - interval '8 s'
    where tenant_id = ${tenantId} and id = ${done.id}`
  await running()
  const { expectedAt, at: now } = await explain(await enqueue())
  expect(expectedAt?.getTime()).toBe(now.getTime() + 8_000)
})

test('a job that waits for a running one is expected when that has run for its mean', async () => {
  const { running, enqueue, explain } = await setupWaiting()
  const first = await running()
  const why = await explain(await enqueue({ dependsOn: [first.id] }))
  const at = why.at.getTime()
  expect(why.causes).toMatchObject([{ cause: 'dependency', expectedAt: expect.any(Date) }])
  expect(why.expectedAt?.getTime()).toBeLessThanOrEqual(at + 1_000)
  expect(why.expectedAt?.getTime()).toBeGreaterThanOrEqual(at)
  const queued = await enqueue()
  const second = await explain(await enqueue({ dependsOn: [first.id, queued] }))
  expect(second).toMatchObject({ expectedAt: null, basis: expect.stringContaining('not begun') })
})

test('a real worker measures its jobs, and the line behind a long one begins when that has ended', async () => {
  const { db, kind, enqueue, explain, causes } = await setupWaiting({ hasWorker: false })
  const gate = Promise.withResolvers<void>()
  const jobMs = 30
  await startQueueHost({
    concurrency: 1,
    handlers: {
      [kind]: async ({ job }) => {
        await (job.payload.isLong ? gate.promise : pause(jobMs))
        return {}
      },
    },
  })
  for (let count = 0; count < 3; count += 1) await enqueue()
  await eventually('the worker has measured three jobs', async () =>
    (await listWorkers(db, { tenantId: null })).some(({ kinds }) => kinds[kind]?.finished === 3),
  )
  const long = await enqueue({ payload: { isLong: true } })
  await eventually('the long one runs', async () => (await causes(long))[0] === 'running')
  const [, , id = ''] = [await enqueue(), await enqueue(), await enqueue()]
  const why = await explain(id)
  expect(why.causes).toMatchObject([{ cause: 'position', data: { ahead: 2, places: 1 } }])
  // A timer may end a millisecond early; later is what a busy machine makes of it.
  expect(why.expectedAt?.getTime()).toBeGreaterThanOrEqual(why.at.getTime() + 3 * (jobMs - 1))
  gate.resolve()
  await eventually('it has ended', async () => (await causes(id))[0] === 'ended')
})
