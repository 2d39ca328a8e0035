import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { documents, webhookEndpoints, webhookEvents } from '../../db/schema/index.ts'
import {
  type Batch,
  batchKinds,
  batchRoutes,
  damagedPdf,
  soundPdf,
} from '../../test/fixtures/batches.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'

async function withWorker(options: Parameters<typeof startWorker>[0] = {}) {
  const world = await startWorker({ handlers: batchKinds, ...options })
  const routes = batchRoutes(world)
  const extract = async (files: readonly Uint8Array<ArrayBuffer>[]) => {
    const ids = await routes.addDocuments(files)
    return { ids, ...(await routes.create({ operation: 'extract', document_ids: ids })) }
  }
  return { ...world, ...routes, extract }
}

type World = Awaited<ReturnType<typeof withWorker>>

/** How often each document was read, in the order of the ids. */
async function readings({ db, tenant }: World, ids: readonly string[]): Promise<number[]> {
  const rows = await db.execute<{ id: string; count: number }>(sql`
    select subject_id as id, count(*)::int as count from job_history
    where tenant_id = ${tenant.id} and kind = 'documents.extract' group by subject_id`)
  const counts = new Map([...rows].map(({ id, count }) => [id, count]))
  return ids.map((id) => counts.get(id) ?? 0)
}

const mixed = Array.from({ length: 20 }, (_, index) => (index % 7 === 3 ? damagedPdf : soundPdf))
const damagedPlaces = [3, 10, 17]

test('damaged documents of a batch fail by themselves, and all others are read, in a stable order', async () => {
  const world = await withWorker()
  const { db, tenant, ended, items, recount, extract } = world
  const { id, ids, status } = await extract(mixed)
  expect(status).toBe('running')
  const end = await ended(id)
  expect(end).toMatchObject({ status: 'completed', counts: { completed: 17, failed: 3 } })
  expect(end.counts).toEqual(await recount(id))
  const list = await items(id)
  expect(list.map((item) => item.document_id)).toEqual(ids)
  expect(list.filter((item) => item.status === 'failed')).toMatchObject(
    damagedPlaces.map((position) => ({ position, attempts: 1, error: { code: 'damaged' } })),
  )
  expect(await readings(world, ids)).toEqual(ids.map(() => 1))
  const read = and(eq(documents.tenantId, tenant.id), eq(documents.status, 'completed'))
  expect(await db.$count(documents, read)).toBe(17)
})

test('a retry reads the failed documents again, and no other', async () => {
  const world = await withWorker()
  const { ended, items, extract, post } = world
  const { id, ids } = await extract([soundPdf, damagedPdf, soundPdf])
  await ended(id)
  const before = await items(id)
  expect((await post(`/v1/batches/${id}/retry`, {})).status).toBe(202)
  await ended(id)
  expect(await readings(world, ids)).toEqual([1, 2, 1])
  const after = await items(id)
  expect([after[0], after[2]]).toEqual([before[0], before[2]])
  expect(after[1]).toMatchObject({ status: 'failed', attempts: 2, error: { code: 'damaged' } })
})

test('a cancel stops a document that is being read, and those that wait', async () => {
  const world = await withWorker({ misbehaving: true })
  const { ended, read, items, extract, post } = world
  const hangs = new Uint8Array(Buffer.from('hangs on its second page'))
  const { id } = await extract([hangs, hangs, hangs, hangs])
  await eventually('two are read', async () => (await read(id)).counts.running === 2)
  expect((await post(`/v1/batches/${id}/cancel`)).status).toBe(202)
  expect(await ended(id)).toMatchObject({ status: 'cancelled', counts: { cancelled: 4 } })
  expect((await items(id)).map((item) => item.error)).toEqual(Array(4).fill(null))
})

async function eventsOf(response: Response): Promise<{ id: string; data: Batch }[]> {
  const blocks = (await response.text()).split('\n\n')
  return blocks.flatMap((block) => {
    const [, id = '', data = ''] = /^id: (.+)\nevent: batch\ndata: (.+)$/.exec(block) ?? []
    return data ? [{ id, data: JSON.parse(data) as Batch }] : []
  })
}

test('events tell how far a batch is until it ends, and only what is newer to who returns', async () => {
  const { extract, get } = await withWorker()
  const { id } = await extract([soundPdf, soundPdf, damagedPdf])
  const watched = await get(`/v1/batches/${id}/events`)
  expect(watched.headers.get('content-type')).toBe('text/event-stream')
  const events = await eventsOf(watched)
  const versions = events.map(({ data }) => data.version)
  expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b))
  expect(events.map((event) => event.id)).toEqual(versions.map(String))
  expect(events.at(-1)?.data).toMatchObject({
    status: 'completed',
    counts: { completed: 2, failed: 1 },
  })
  const since = async (version: number) => {
    const headers = { 'last-event-id': String(version) }
    const again = await get(`/v1/batches/${id}/events`, { headers })
    return (await eventsOf(again)).map(({ data }) => data.version)
  }
  const last = versions.at(-1) ?? 0
  expect(await since(last - 1)).toEqual([last])
  expect(await since(last)).toEqual([])
})

test('the end of a batch is told to webhooks once', async () => {
  const { extract, ended, db, tenant } = await withWorker()
  const endpoint = { id: uuidv7(), url: 'https://example.com', types: ['batch.completed'] }
  const by = { secretSealed: new Uint8Array(1), updatedByUserId: tenant.admin.id }
  await db.insert(webhookEndpoints).values({ tenantId: tenant.id, ...endpoint, ...by })
  const { id } = await extract([soundPdf, damagedPdf])
  await ended(id)
  const told = await eventually('it was told', async () => {
    const rows = await db.select().from(webhookEvents).where(eq(webhookEvents.tenantId, tenant.id))
    return rows.length > 0 && rows
  })
  const data = { completed: 1, failed: 1, cancelled: 0 }
  expect(told).toMatchObject([{ type: 'batch.completed', subjectId: id, data }])
})
