import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentPages, documents } from '../../db/schema/index.ts'
import { placeDocuments } from '../../db/schema/places.ts'
import { placeSuggesting } from '../../test/fixtures/place-suggesting.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type World = Awaited<ReturnType<typeof placeSuggesting>>

const setText = ({ db, tenant }: World, documentId: string, text: string) =>
  db
    .update(documentPages)
    .set({ text })
    .where(and(eq(documentPages.tenantId, tenant.id), eq(documentPages.documentId, documentId)))

const trash = ({ db, tenant }: World, documentId: string) =>
  db
    .update(documents)
    .set({ trashedAt: new Date() })
    .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, documentId)))

test('a place is suggested with where its name stands in the text and on the page', async () => {
  const { place, document, run, only, get } = await placeSuggesting()
  const { id } = await place('New York', { longitude: -74, latitude: 40.7 })
  const documentId = await document('No place.', 'In New York.\nNew York!', 'To NEW YORK')
  const progress: number[][] = []
  const told = (...counts: number[]) => progress.push(counts)
  const result = await run(documentId, null, { progress: told })
  expect(result).toEqual({ documents: 1, skipped: 0, open: 1, is_shortened: false })
  expect(progress).toEqual([
    [1, 3],
    [2, 3],
    [3, 3],
  ])
  const suggestion = await only(`document_id=${documentId}`)
  const shown = { id, name: 'New York', collection: 'places', longitude: -74, latitude: 40.7 }
  expect(suggestion).toMatchObject({ place: shown, state: 'open', mention_count: 3, pages: [2, 3] })
  const [first, second, third] = suggestion.mentions
  expect(first).toMatchObject({ page: 2, start: 3, end: 11, quote: 'New York' })
  expect(second).toMatchObject({ page: 2, start: 13, end: 21 })
  expect(third).toMatchObject({ page: 3, quote: 'NEW YORK' })
  expect(first?.boxes.map((box) => box.map((side) => Math.round(side * 100)))).toEqual([
    [3, 0, 3, 2],
    [7, 0, 5, 2],
  ])
  const one = await get(`/suggestions/${suggestion.id}`)
  expect(one.headers.get('etag')).toBe('"v1"')
  expect(await bodyOf(one)).toEqual(suggestion)
})

test('a run again changes nothing, and a new text what was open', async () => {
  const world = await placeSuggesting()
  const { place, document, run, list } = world
  await place('Paris')
  await place('Oslo')
  const documentId = await document('Paris, Oslo.')
  await run(documentId)
  const before = await list('')
  await run(documentId)
  expect(await list('')).toEqual(before)
  await place('Bern')
  await setText(world, documentId, 'Bern and Oslo, Oslo.')
  expect(await run(documentId)).toMatchObject({ open: 2 })
  const after = await list('')
  expect(after).toMatchObject([
    { id: before[1]?.id, mention_count: 2, version: 2, place: { name: 'Oslo' } },
    { mention_count: 1, version: 1, place: { name: 'Bern' } },
  ])
})

test('what was decided stays as it is, whatever the text says', async () => {
  const world = await placeSuggesting()
  const { place, document, run, list, decide } = world
  await place('Paris')
  await place('Oslo')
  const documentId = await document('Paris, Oslo.')
  await run(documentId)
  const [paris, oslo] = await list('')
  await decide(paris?.id ?? '', 'dismissed')
  await decide(oslo?.id ?? '', 'accepted')
  const decided = [...(await list('state=dismissed')), ...(await list('state=accepted'))]
  await setText(world, documentId, 'Paris Paris')
  await run(documentId)
  expect(await list('')).toEqual([])
  expect([...(await list('state=dismissed')), ...(await list('state=accepted'))]).toEqual(decided)
})

test('of several places with a name the most populous is suggested, with the others named', async () => {
  const { place, document, run, only, decide, list } = await placeSuggesting()
  const texas = await place('Paris', { properties: { population: 24_000 } })
  const france = await place('Lutetia', { aliases: ['Paris'], properties: { pop_max: 2e6 } })
  const unknown = await place('Paris')
  const documentId = await document('Paris')
  await run(documentId)
  const suggestion = await only('')
  expect(suggestion.place.id).toBe(france.id)
  expect(suggestion.alternatives.map(({ id }) => id)).toEqual([texas.id, unknown.id])
  await decide(suggestion.id, 'dismissed')
  await run(documentId)
  expect(await list('')).toEqual([])
})

test('a place that is linked to the document is meant by its name, and not suggested', async () => {
  const { place, document, run, list, db, owner } = await placeSuggesting()
  const small = await place('Paris')
  await place('Paris', { properties: { population: 2e6 } })
  const documentId = await document('Paris')
  await run(documentId)
  expect(await list('')).toHaveLength(1)
  await db.insert(placeDocuments).values({
    ...{ tenantId: owner.tenantId, placeId: small.id, documentId, source: 'user' },
    ...{ createdByUserId: owner.userId, createdAt: new Date() },
  })
  expect(await run(documentId)).toMatchObject({ open: 0 })
  expect(await list('')).toEqual([])
})

test('a run for one collection finds its places alone, and leaves those of others', async () => {
  const world = await placeSuggesting()
  const { place, document, run, list } = world
  await place('Paris', { collection: 'cities' })
  await place('Seine', { collection: 'rivers' })
  const documentId = await document('Paris on the Seine')
  await run(documentId, 'rivers')
  expect(await list('')).toMatchObject([{ place: { name: 'Seine' } }])
  await run(documentId, 'cities')
  expect(await list('collection=cities')).toMatchObject([{ place: { name: 'Paris' } }])
  await setText(world, documentId, 'Nothing')
  await run(documentId, 'cities')
  expect(await list('')).toMatchObject([{ place: { name: 'Seine' } }])
})

test('documents that are gone or in the trash are skipped, and shown no more', async () => {
  const world = await placeSuggesting()
  const { place, document, run, list, get, decide, decideMany } = world
  await place('Paris')
  const [one = '', other = ''] = await Promise.all([document('Paris'), document('Paris')])
  await run([one, other])
  expect(await list('')).toHaveLength(2)
  const [inTrash] = await list(`document_id=${one}`)
  const id = inTrash?.id ?? ''
  await trash(world, one)
  expect(await list('')).toMatchObject([{ document_id: other }])
  expect((await get(`/suggestions/${id}`)).status).toBe(404)
  expect((await decide(id, 'accepted')).status).toBe(404)
  expect(await decideMany([{ id, state: 'accepted' }])).toEqual([
    { id, verdict: 'not_found', state: null, version: null },
  ])
  const gone = crypto.randomUUID()
  expect(await run([one, gone, other])).toMatchObject({ documents: 1, skipped: 2, open: 1 })
})

test('another tenant has other places, and sees none of these suggestions', async () => {
  const { document, run, list, db, otherTenant, place, only } = await placeSuggesting()
  const theirs = { tenantId: otherTenant.id, userId: otherTenant.admin.id }
  await addPlace(db, { ...theirs, name: 'Paris' })
  const documentId = await document('Paris, Oslo')
  await run(documentId)
  expect(await list('')).toEqual([])
  await place('Oslo')
  await run(documentId)
  const { id } = await only('')
  expect((await otherTenant.get(`/suggestions/${id}`)).status).toBe(404)
  const seen = await otherTenant.get('/suggestions')
  expect(await bodyOf(seen)).toEqual({ items: [], next_cursor: null })
  const body = { document_id: documentId }
  expect((await otherTenant.post('/suggestions', body)).status).toBe(404)
  const denied = await otherTenant.patch(`/suggestions/${id}`, { state: 'accepted' })
  expect(denied.status).toBe(404)
})

test('a list goes on where it ended', async () => {
  const { document, run, list, get, place } = await placeSuggesting()
  for (const name of ['Paris', 'Oslo', 'Bern']) await place(name)
  await run(await document('Bern, Paris, Oslo'))
  const all = await list('')
  expect(all.map((suggestion) => suggestion.place.name)).toEqual(['Bern', 'Paris', 'Oslo'])
  type Page = { items: unknown[]; next_cursor: string }
  const first = await bodyOf<Page>(await get('/suggestions?limit=2'))
  const next = await bodyOf<Page>(await get(`/suggestions?limit=2&cursor=${first.next_cursor}`))
  expect([...first.items, ...next.items]).toEqual(all)
})

test('the version of a suggestion grows with its place, too', async () => {
  const { document, run, only, place, patch, get, decide } = await placeSuggesting()
  const { id: placeId } = await place('Paris')
  await run(await document('Paris'))
  const { id } = await only('')
  await patch(`/${placeId}`, { latitude: 48.9 })
  const shown = await get(`/suggestions/${id}`)
  expect(shown.headers.get('etag')).toBe('"v2"')
  const stale = await decide(id, 'accepted', { headers: { 'if-match': '"v1"' } })
  expect(stale.status).toBe(412)
})

test('asked for twice while it waits it is one job; what cannot be read is refused', async () => {
  const world = await placeSuggesting()
  const { document, post, db, tenant } = world
  const [one = '', other = ''] = [await document('A'), await document('B')]
  const ask = (body: object) => post('/suggestions', body)
  const first = await ask({ document_ids: [one, other] })
  expect(first.status).toBe(202)
  const { job_id: jobId } = await bodyOf<{ job_id: string }>(first)
  expect(first.headers.get('location')).toBe(`/v1/jobs/${jobId}`)
  const again = await ask({ document_ids: [other, one, other] })
  expect(await bodyOf(again)).toEqual({ job_id: jobId })
  const different = await ask({ document_ids: [one, other], collection: 'cities' })
  expect(await bodyOf(different)).not.toEqual({ job_id: jobId })
  expect((await ask({})).status).toBe(422)
  expect((await ask({ document_id: one, document_ids: [one] })).status).toBe(422)
  expect((await ask({ document_id: crypto.randomUUID() })).status).toBe(404)
  await trash(world, one)
  expect((await ask({ document_ids: [one, other] })).status).toBe(409)
  const [count] = await db.execute(sql`
    select count(*)::int as count from jobs where tenant_id = ${tenant.id} and kind = 'places.suggest'`)
  expect(count).toEqual({ count: 2 })
})
