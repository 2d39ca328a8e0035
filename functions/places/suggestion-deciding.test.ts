import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { placeDocuments } from '../../db/schema/places.ts'
import { type PlaceSuggestion, placeSuggesting } from '../../test/fixtures/place-suggesting.ts'
import { bodyOf } from '../../test/harness/requests.ts'

/** A document that mentions Paris twice, and the suggestion of it. */
async function suggested() {
  const world = await placeSuggesting()
  const { id: placeId } = await world.place('Paris')
  const documentId = await world.document('Paris', 'Nothing', 'Paris')
  await world.run(documentId)
  const suggestion = await world.only('')
  return { ...world, placeId, documentId, suggestion, id: suggestion.id }
}

test('accepted, the place is linked to the document with the pages; taken back, the link goes', async () => {
  const { decide, id, links, placeId, documentId, tenant, list } = await suggested()
  const accepted = await decide(id, 'accepted', { headers: { 'if-match': '"v1"' } })
  expect(accepted.status).toBe(200)
  expect(accepted.headers.get('etag')).toBe('"v2"')
  const shown = await bodyOf<PlaceSuggestion>(accepted)
  expect(shown).toMatchObject({ state: 'accepted', decided_by: tenant.admin.id, version: 2 })
  expect(await links()).toEqual([{ placeId, documentId, source: 'suggestion', pages: [1, 3] }])
  expect(await list('')).toEqual([])
  const again = await decide(id, 'accepted')
  expect(await bodyOf(again)).toEqual(shown)
  const reopened = await bodyOf<PlaceSuggestion>(await decide(id, 'open'))
  expect(reopened).toMatchObject({ state: 'open', decided_by: null, version: 3 })
  expect(await links()).toEqual([])
})

test('a link made by hand stays as it is, through acceptance and back', async () => {
  const { decide, id, links, placeId, documentId, db, owner } = await suggested()
  const link = { placeId, documentId, source: 'user' as const, pages: [7] }
  await db.insert(placeDocuments).values({
    ...{ ...link, tenantId: owner.tenantId, createdByUserId: owner.userId },
    ...{ createdAt: new Date(), note: 'By hand.' },
  })
  for (const state of ['accepted', 'open', 'dismissed']) {
    expect((await decide(id, state)).status).toBe(200)
    expect(await links()).toEqual([link])
  }
})

test('accepted again, a link that somebody has taken away meanwhile is there again', async () => {
  const { decide, decideMany, id, links, db, tenant } = await suggested()
  await decide(id, 'accepted')
  const [link] = await links()
  for (const accept of [
    () => decide(id, 'accepted'),
    () => decideMany([{ id, state: 'accepted' }]),
  ]) {
    await db.delete(placeDocuments).where(eq(placeDocuments.tenantId, tenant.id))
    await accept()
    expect(await links()).toEqual([link])
  }
})

test('from accepted to dismissed and back it goes by way of open', async () => {
  const { decide, id, links } = await suggested()
  await decide(id, 'accepted')
  const refused = await decide(id, 'dismissed')
  expect(refused.status).toBe(409)
  expect(await bodyOf(refused)).toMatchObject({ code: 'conflict' })
  await decide(id, 'open')
  expect((await decide(id, 'dismissed')).status).toBe(200)
  expect((await decide(id, 'accepted')).status).toBe(409)
  expect(await links()).toEqual([])
})

test('a decision on another version than the one that was read is a 412', async () => {
  const { decide, id, only } = await suggested()
  expect((await decide(id, 'accepted', { headers: { 'if-match': '"v9"' } })).status).toBe(412)
  expect(await only('')).toMatchObject({ state: 'open', version: 1 })
})

test('of accepting and dismissing at once one wins, and what is there says which', async () => {
  const { decide, id, get, links } = await suggested()
  for (let round = 0; round < 4; round += 1) {
    const replies = await Promise.all([decide(id, 'accepted'), decide(id, 'dismissed')])
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
    const { state } = await bodyOf<PlaceSuggestion>(await get(`/suggestions/${id}`))
    expect(await links()).toHaveLength(state === 'accepted' ? 1 : 0)
    await decide(id, 'open')
  }
})

test('of two who accept the same version at once one gets it', async () => {
  const { decide, id, links } = await suggested()
  const headers = { 'if-match': '"v1"' }
  const replies = await Promise.all([1, 2].map(() => decide(id, 'accepted', { headers })))
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
  expect(await links()).toHaveLength(1)
})

test('many are decided at once, each with its verdict', async () => {
  const { place, document, run, list, decideMany, decide, links, post } = await placeSuggesting()
  for (const name of ['Paris', 'Oslo', 'Bern', 'Rome']) await place(name)
  await run(await document('Paris, Oslo, Bern, Rome'))
  const [paris = '', oslo = '', bern = '', rome = ''] = (await list('')).map(({ id }) => id)
  await decide(bern, 'accepted')
  const unknown = crypto.randomUUID()
  expect(
    await decideMany([
      { id: paris, state: 'accepted', version: 1 },
      { id: oslo, state: 'dismissed', version: 5 },
      { id: bern, state: 'dismissed' },
      { id: unknown, state: 'open' },
      { id: rome, state: 'dismissed' },
    ]),
  ).toEqual([
    { id: paris, verdict: 'changed', state: 'accepted', version: 2 },
    { id: oslo, verdict: 'stale_version', state: 'open', version: 1 },
    { id: bern, verdict: 'conflict', state: 'accepted', version: 2 },
    { id: unknown, verdict: 'not_found', state: null, version: null },
    { id: rome, verdict: 'changed', state: 'dismissed', version: 2 },
  ])
  expect(await links()).toHaveLength(2)
  const back = [paris, bern].map((id) => ({ id, state: 'open' }))
  expect(await decideMany(back)).toMatchObject([{ verdict: 'changed' }, { verdict: 'changed' }])
  expect(await decideMany(back)).toMatchObject([{ verdict: 'unchanged' }, { verdict: 'unchanged' }])
  expect(await links()).toEqual([])
  const twice = [back[0], back[0]]
  expect((await post('/suggestions/decide', { decisions: twice })).status).toBe(422)
})

test('many who decide upon overlapping lists, and a job, do not stop each other', async () => {
  const { place, document, run, list, links, post } = await placeSuggesting()
  const names = ['Paris', 'Oslo', 'Bern', 'Rome', 'Lima', 'Kyiv', 'Riga', 'Cairo']
  for (const name of names) await place(name)
  const documentId = await document(names.join(', '))
  await run(documentId)
  const ids = (await list('')).map(({ id }) => id)
  const wish = (some: string[]) =>
    post('/suggestions/decide', { decisions: some.map((id) => ({ id, state: 'accepted' })) })
  const lists = [ids, ids.toReversed(), ids.slice(2), ids.slice(0, 5).toReversed()]
  const replies = await Promise.all([...lists.map(wish), run(documentId), run(documentId)])
  for (const reply of replies) if (reply instanceof Response) expect(reply.status).toBe(200)
  expect(await links()).toHaveLength(names.length)
  expect(await list('')).toEqual([])
})
