import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { DatabaseUnavailable } from '../../db/errors.ts'
import { jobHistory, jobs, tenants } from '../../db/schema/index.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'

const past = new Date(0)

type World = Awaited<ReturnType<typeof startWorker>>

const ofJob = (table: typeof jobs | typeof jobHistory, { tenant }: World, id: string) =>
  and(eq(table.tenantId, tenant.id), eq(table.id, id))

test('a job whose lease was under way when the worker stopped is given back, too', async () => {
  const [leased, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const through = (db: World['db']) => {
    const execute = async (query: Parameters<typeof db.execute>[0]) => {
      const rows = await db.execute(query)
      if (rows[0]?.xmin !== undefined) {
        leased.resolve()
        await mayAnswer.promise
      }
      return rows
    }
    return Object.assign(Object.create(db), { execute })
  }
  const world = await startWorker({ misbehaving: true, leaseMs: 600_000, through })
  const bytes = new Uint8Array(Buffer.from('silent'))
  const { jobId } = await storeDocument(world, { tenant: world.tenant, bytes })
  await leased.promise
  const drained = world.drain()
  await new Promise(setImmediate) // as far as it goes without the answer
  mayAnswer.resolve()
  await drained
  const [job] = await world.db
    .select()
    .from(jobs)
    .where(ofJob(jobs, world, jobId))
  expect(job).toMatchObject({ status: 'queued', attempts: 0 })
})

test('a worker that loses a deadlock works on', async () => {
  const world = await startWorker()
  const { db, tenant } = world
  const id = uuidv7()
  const payload = { storage_key: `${tenant.id}/none` }
  const job = { tenantId: tenant.id, kind: blobDeletionJobKind, payload }
  await db.transaction(async (tx) => {
    // The worker takes the job back and waits for its tenant, which the job's event names; we have the tenant.
    await tx.select().from(tenants).where(eq(tenants.id, tenant.id)).for('update')
    await db.transaction(async (other) => {
      await enqueueJob(other, { ...job, id })
      const lease = {
        status: 'running',
        leaseToken: id,
        leasedAt: past,
        leaseExpiresAt: past,
      } as const
      await other
        .update(jobs)
        .set(lease)
        .where(ofJob(jobs, world, id))
    })
    await eventually('the worker waits for the tenant', async () => {
      await tx.execute(sql`select 1`) // one that is idle for long is ended
      const [row] = await db.execute<{ waits: boolean }>(sql`select exists (
        select from pg_stat_activity where datname = current_database()
          and wait_event_type = 'Lock' and query like '%recover-expired-leases%') as waits`)
      return row?.waits
    })
    await tx.delete(jobs).where(ofJob(jobs, world, id))
  })
  const later = uuidv7()
  await db.transaction((tx) => enqueueJob(tx, { ...job, id: later }))
  const ended = () =>
    db
      .select()
      .from(jobHistory)
      .where(ofJob(jobHistory, world, later))
  const [end] = await eventually('the next job has ended', async () => {
    const rows = await ended()
    return rows.length > 0 && rows
  })
  expect(end).toMatchObject({ status: 'completed' })
})

test('work that is done is written later, not done again, when the database has no place at first', async () => {
  const kind = uuidv7()
  const runs: number[] = []
  let refusals = 2
  const through = (db: World['db']) => {
    const transaction = async (work: Parameters<typeof db.transaction>[0]) => {
      if (runs.length === 0 || refusals-- <= 0) return db.transaction(work)
      throw new DatabaseUnavailable('POOL_WAIT', 'no place')
    }
    return Object.assign(Object.create(db), { transaction })
  }
  const handlers = {
    [kind]: async ({ job }: { job: { attempts: number } }) => {
      runs.push(job.attempts)
      return { effect: async () => {} }
    },
  }
  const world = await startWorker({ handlers, through })
  const id = uuidv7()
  await world.db.transaction((tx) => enqueueJob(tx, { tenantId: world.tenant.id, id, kind }))
  const ended = await eventually('the job has ended', async () => {
    const rows = await world.db
      .select()
      .from(jobHistory)
      .where(ofJob(jobHistory, world, id))
    return rows[0]
  })
  expect(ended).toMatchObject({ status: 'completed', attempts: 1, errors: [] })
  expect(runs).toEqual([1])
  expect(refusals).toBeLessThanOrEqual(0)
})
