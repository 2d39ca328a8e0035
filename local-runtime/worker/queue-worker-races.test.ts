import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { jobs } from '../../db/schema/index.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { startWorker } from '../../test/fixtures/worker.ts'

type World = Awaited<ReturnType<typeof startWorker>>

test('a job whose lease was under way when the worker stopped is given back, too', async () => {
  const [leased, mayAnswer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const through = (db: World['db']) => {
    const execute = async (query: Parameters<typeof db.execute>[0]) => {
      const rows = await db.execute(query)
      if (rows[0]?.leaseToken !== undefined) {
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
    .where(and(eq(jobs.tenantId, world.tenant.id), eq(jobs.id, jobId)))
  expect(job).toMatchObject({ status: 'queued', attempts: 0 })
})
