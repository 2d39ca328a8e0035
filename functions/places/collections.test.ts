import { and, asc, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, placeDocuments, places } from '../../db/schema/index.ts'
import { addPoints } from '../../test/fixtures/globe.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Collection = { name: string; count: number; updated_at: string }
type Page = { items: Collection[]; next_cursor: string | null }

async function collected() {
  const world = await setup(createApp)
  const { db, tenant, get, del } = world
  const add = (collection: string, count: number, tenantId = tenant.id) =>
    addPoints(db, {
      tenantId,
      points: Array.from({ length: count }, (_, n) => ({
        ...{ longitude: n % 180, latitude: 0, collection },
      })),
    })
  const list = async () => (await bodyOf<Page>(await get('/collections', { as: 'viewer' }))).items
  const counts = async () => (await list()).map(({ name, count }) => [name, count])
  const remove = (name: string) =>
    del(`/collections?collection=${encodeURIComponent(name)}`, { as: 'editor' })
  /** How many places went, as the audit log tells it, a row for each time. */
  const told = async (): Promise<number[]> => {
    const action = and(
      eq(auditLog.tenantId, tenant.id),
      eq(auditLog.action, 'places.collection_deleted'),
    )
    const rows = await db.select().from(auditLog).where(action).orderBy(asc(auditLog.seq))
    return rows.map(({ detail }) => Number((detail as { places: number }).places))
  }
  return { ...world, add, list, counts, remove, told }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

test('each collection is told with its places and its latest change, by name and page by page', async () => {
  const { add, list, get, db, tenant, otherTenant } = await collected()
  for (const [name, count] of Object.entries({ towns: 3, airports: 2, '..': 1 }))
    await add(name, count)
  await add('theirs', 1, otherTenant.id)
  const latest = '2030-01-02T03:04:05.678Z'
  await db
    .update(places)
    .set({ updatedAt: new Date(latest) })
    .where(
      and(
        eq(places.tenantId, tenant.id),
        eq(places.name, 'Place 1'),
        eq(places.collection, 'towns'),
      ),
    )
  const all = await list()
  expect(all.map(({ name, count }) => [name, count])).toEqual([
    ['..', 1],
    ['airports', 2],
    ['towns', 3],
  ])
  expect(all[2]?.updated_at).toBe(latest)
  const first = await bodyOf<Page>(await get('/collections?limit=2'))
  const next = await bodyOf<Page>(await get(`/collections?limit=2&cursor=${first.next_cursor}`))
  expect([...first.items, ...next.items]).toEqual(all)
  expect(next.next_cursor).toBeNull()
})

test('a collection is deleted with its links, and nothing else is; the audit log tells of all of it', async () => {
  const { add, counts, remove, told, db, tenant, otherTenant } = await collected()
  const [place] = await add('a/b ..?', 2_300)
  await add('other', 2)
  await add('a/b ..?', 1, otherTenant.id)
  const who = { tenantId: tenant.id, userId: tenant.admin.id }
  const document = await addDocument(db, { ...who, pages: [] })
  await db.insert(placeDocuments).values({
    ...{ tenantId: tenant.id, placeId: place?.id ?? '', documentId: document.id },
    ...{ source: 'user', createdByUserId: tenant.admin.id, createdAt: new Date() },
  })
  expect((await remove('a/b ..?')).status).toBe(204)
  expect(await counts()).toEqual([['other', 2]])
  expect(await db.$count(placeDocuments, eq(placeDocuments.tenantId, tenant.id))).toBe(0)
  expect(await told()).toEqual([2_000, 300])
  expect(await db.$count(places, eq(places.tenantId, otherTenant.id))).toBe(1)
  expect((await remove('a/b ..?')).status).toBe(404)
})

test('of two who delete a collection at once none fails, and each place is told of once', async () => {
  const { add, remove, counts, told } = await collected()
  await add('twice', 2_200)
  const replies = await Promise.all([remove('twice'), remove('twice')])
  expect(replies.map(({ status }) => status)).toEqual([204, 204])
  expect([await counts(), sum(await told())]).toEqual([[], 2_200])
})

test('a deletion that dies half-way leaves whole pieces, and goes on when it is asked for again', async () => {
  const { add, remove, counts, told, db, tenant } = await collected()
  const rows = await add('half', 2_100)
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  const second = eq(places.id, rows[2_050]?.id ?? '')
  const holder = db.transaction(async (tx) => {
    const held = tx.select({ id: places.id }).from(places)
    await held.where(and(eq(places.tenantId, tenant.id), second)).for('update')
    isHeld.resolve()
    await gate.promise
  })
  await isHeld.promise
  const reply = remove('half')
  await eventually('the second piece waits and is killed', async () => {
    const [row] = await db.execute<{ isEnded: boolean }>(sql`
      select pg_terminate_backend(pid) as "isEnded" from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' limit 1`)
    return row?.isEnded
  })
  expect((await reply).status).toBeGreaterThanOrEqual(500)
  gate.resolve()
  await holder
  expect([await counts(), await told()]).toEqual([[['half', 100]], [2_000]])
  expect((await remove('half')).status).toBe(204)
  expect([await counts(), await told()]).toEqual([[], [2_000, 100]])
})

test('a viewer deletes nothing, and which collection has to be said', async () => {
  const { add, del, counts } = await collected()
  await add('mine', 1)
  expect((await del('/collections?collection=mine', { as: 'viewer' })).status).toBe(403)
  expect((await del('/collections')).status).toBe(422)
  expect(await counts()).toEqual([['mine', 1]])
})
