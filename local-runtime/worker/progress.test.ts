import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { jobs } from '../../db/schema/index.ts'
import { leaseJobs } from '../../db/system.ts'
import { LeaseLost } from '../../domain/jobs/outcome.ts'
import { enqueueOne, openJob, poisonWorld } from '../../test/fixtures/poison.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { ProgressWriter } from './progress.ts'

const kind = 'good.progress'

async function setup() {
  const world = await poisonWorld()
  const id = await enqueueOne(world, kind)
  const claim = claimOf(kind, { tenantId: world.tenant.id })
  const [lease] = await leaseJobs(world.db, claim)
  if (!lease) throw new Error('There is nothing to lease.')
  const faults: unknown[] = []
  const writer = new ProgressWriter(world.db, lease, (err) => faults.push(err))
  const stored = async () => {
    const job = await openJob(world, id)
    return job && [job.progressDone, job.progressTotal]
  }
  const version = async () => (await openJob(world, id))?.version ?? 0
  return { ...world, id, writer, faults, stored, version }
}

test('a thousand reports are two writes: the first at once, the last with the end', async () => {
  const { writer, stored, version } = await setup()
  const before = await version()
  for (let done = 1; done <= 1_000; done++) writer.report(done, 1_000)
  await writer.flush()
  expect(await stored()).toEqual([1_000, 1_000])
  expect((await version()) - before).toBe(2)
})

test('what is reported between writes is stored without waiting for the end', async () => {
  const { writer, stored } = await setup()
  writer.report(1, 10)
  writer.report(5, 10)
  await eventually('the second report is stored', async () => (await stored())?.[0] === 5)
  await writer.flush()
})

test('progress never falls, and what is no number is none', async () => {
  const { writer, stored } = await setup()
  for (const done of [7, 3, Number.NaN, -1, 7.9]) writer.report(done, 10)
  await writer.flush()
  expect(await stored()).toEqual([7, 10])
  writer.report(Number.POSITIVE_INFINITY, 2 ** 40)
  await writer.flush()
  expect(await stored()).toEqual([7, 2 ** 31 - 1])
})

test('progress of an attempt that has lost its job is refused, and it hears of that', async () => {
  const { db, tenant, id, writer, faults, stored } = await setup()
  const own = and(eq(jobs.tenantId, tenant.id), eq(jobs.id, id))
  await db.update(jobs).set({ leaseToken: crypto.randomUUID() }).where(own)
  writer.report(5, 10)
  await eventually('it hears', async () => faults.length > 0)
  expect(faults[0]).toBeInstanceOf(LeaseLost)
  await expect(writer.flush()).rejects.toThrow(LeaseLost)
  expect(await stored()).toEqual([0, null])
})
