import { expect, test } from 'vitest'
import { placeDocuments } from '../../db/schema/places.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { idMadeAt } from '../../test/fixtures/ids.ts'
import { idOf, marked, searching } from '../../test/fixtures/searching.ts'
import { loadHits } from './queries.ts'

async function mapping() {
  const bundle = await searching()
  const { db, tenant, clock, addPages } = bundle
  const link = async (placeId: string) => {
    const { id: documentId } = await addPages('nothing')
    const by = { createdByUserId: tenant.admin.id, createdAt: new Date() }
    const row = { tenantId: tenant.id, placeId, documentId, source: 'user' as const, ...by }
    await db.insert(placeDocuments).values(row)
    return documentId
  }
  const move = (id: string, isTrashed: boolean) =>
    db.transaction((tx) =>
      moveDocument(tx, { tenantId: tenant.id, id, isTrashed, at: clock.now() }),
    )
  return { ...bundle, link, move }
}

test('a place is found by name, other names and description, with where it is', async () => {
  const { addPlace, find } = await mapping()
  const createdAt = new Date('2026-05-06T07:08:09.010Z')
  const { id } = await addPlace({
    ...{ name: 'São Tomé', aliases: ['Saint Thomas', 'Ilha de São Tomé'], collection: 'islands' },
    ...{ description: 'An island\nof volcanoes', longitude: 6.73, latitude: 0.34, createdAt },
  })
  const item = {
    type: 'place',
    place_id: id,
    name: 'São Tomé',
    collection: 'islands',
    longitude: 6.73,
    latitude: 0.34,
    created_at: createdAt.toISOString(),
    snippet: 'São Tomé · Saint Thomas, Ilha de São Tomé · An island of volcanoes',
  }
  const marks = async (q: string) => {
    const { items } = await find(q)
    expect(items).toEqual([{ ...item, highlights: items[0]?.highlights }])
    return items.flatMap(marked)
  }
  expect(await marks('sao tome')).toEqual(['São', 'Tomé', 'São', 'Tomé'])
  expect(await marks('"saint thomas"')).toEqual(['Saint Thomas'])
  expect(await marks('ilha volcano')).toEqual(['Ilha', 'volcanoes'])
  expect(await marks('volcan*')).toEqual(['volcanoes'])
})

test('a place without a name, other names or description has the rest as its snippet', async () => {
  const { addPlace, find } = await mapping()
  await addPlace({ name: '', description: 'a geyser' })
  await addPlace({ name: 'Geyser' })
  await addPlace({ name: '', aliases: ['old geyser'] })
  const { items } = await find('geyser')
  expect(items.map(({ snippet }) => snippet).sort()).toEqual(['Geyser', 'a geyser', 'old geyser'])
  expect(items.flatMap(marked).sort()).toEqual(['Geyser', 'geyser', 'geyser'])
})

test('each half of a name with a slash is found, and so is the whole', async () => {
  const { addPlace, find } = await mapping()
  const { id } = await addPlace({ name: 'Biel/Bienne', aliases: ['Bozen/Bolzano', '"Ort"'] })
  for (const word of ['Biel', 'Bienne', 'Biel/Bienne', 'Bozen', 'Bolzano', 'Bozen/Bolzano']) {
    const { items } = await find(word)
    expect([items.map(idOf), items.flatMap(marked)]).toEqual([[id], [word]])
  }
})

test("guests find no places, and nobody finds another tenant's", async () => {
  const { addPlace, otherTenant, ids, person } = await mapping()
  const { id } = await addPlace({ name: 'Etna' })
  const owner = { tenantId: otherTenant.id, userId: otherTenant.admin.id }
  const theirs = await addPlace({ ...owner, name: 'Etna' })
  expect(await ids('etna')).toEqual([id])
  expect(await ids('etna', '', await person('viewer'))).toEqual([id])
  expect(await ids('etna', '', await person('guest'))).toEqual([])
  expect(await ids('etna', '&type=place', await person('guest'))).toEqual([])
  expect(await (await otherTenant.get('/v1/search?q=etna')).text()).toContain(theirs.id)
})

test('places are filtered by linked document, creator and time', async () => {
  const { addPlace, link, move, ids, person } = await mapping()
  const { id: userId } = await person('viewer')
  const make = (createdAt: Date, more = {}) =>
    addPlace({ id: idMadeAt(createdAt), name: 'Bay', createdAt, ...more })
  const first = (await make(new Date('2026-01-01T00:00:00Z'))).id
  const second = (await make(new Date('2026-02-01T00:00:00Z'), { userId })).id
  const third = (await make(new Date('2026-03-01T00:00:00Z'))).id
  const documentId = await link(third)
  expect(await ids('bay', `&user_id=${userId}`)).toEqual([second])
  expect(await ids('bay', '&from=2026-02-01T00:00:00Z')).toEqual([second, third].sort())
  expect(await ids('bay', '&to=2026-02-01T01:00:00%2B01:00')).toEqual([first])
  expect(await ids('bay', `&document_id=${documentId}`)).toEqual([third])
  await move(documentId, true)
  expect(await ids('bay', `&document_id=${documentId}`)).toEqual([])
  await move(documentId, false)
  expect(await ids('bay', `&document_id=${documentId}`)).toEqual([third])
  expect(await ids('bay', `&document_id=${crypto.randomUUID()}`)).toEqual([])
})

test('what places have not leaves them out', async () => {
  const { db, tenant, addPlace, ids } = await mapping()
  const { id: placeId } = await addPlace({ name: 'Cape' })
  const channel = await addChannel(db, { tenantId: tenant.id })
  const { id } = await addMessage(db, channel, { userId: tenant.admin.id, text: 'the cape' })
  expect(await ids('cape')).toEqual([placeId, id].sort())
  expect(await ids('cape', '&type=place')).toEqual([placeId])
  expect(await ids('cape', '&type=page,place')).toEqual([placeId])
  expect(await ids('cape', `&channel_id=${channel.id}`)).toEqual([id])
  for (const more of ['&status=completed', '&language=en', '&tag=a'])
    expect(await ids('cape', more)).toEqual([])
})

test('who finds nothing is told of places as of all else', async () => {
  const { addPlace, find, person } = await mapping()
  await addPlace({ name: 'Kilimanjaro' })
  const viewer = await find('kiliman')
  expect(viewer.hint).toContain('try kiliman*')
  expect((await find('kiliman', '', await person('guest'))).hint).toBeUndefined()
})

test("a place that was deleted meanwhile is not shown, nor another tenant's", async () => {
  const { db, tenant, otherTenant, addPlace, find } = await mapping()
  const theirs = await addPlace({ tenantId: otherTenant.id, name: 'Isle' })
  const { id } = await addPlace({ name: 'Isle' })
  const found = await loadHits(db, {
    reader: { tenantId: tenant.id, userId: tenant.admin.id, role: 'viewer' },
    hits: [crypto.randomUUID(), theirs.id, id].map((one) => ({
      type: 'place',
      ranked: [1, one, 0],
    })),
    words: { lexemes: ['isl'], prefixes: [] },
    now: new Date(),
  })
  expect(found.map((hit) => hit.id)).toEqual([id])
  expect((await find('isle')).items.map(idOf)).toEqual([id])
})
