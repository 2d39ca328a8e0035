import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Place = { id: string; name: string; version: number; [field: string]: unknown }

const montreal = { name: 'Montréal', longitude: -73.5674, latitude: 45.5019 }

async function placed() {
  const world = await setup(createApp)
  const make = async (json: Record<string, unknown> = montreal) =>
    bodyOf<Place>(await world.post('/', json, { as: 'editor' }))
  return { ...world, make }
}

test('a place that is made is read as it was made', async () => {
  const { post, get, tenant } = await placed()
  const all = {
    ...montreal,
    ...{ collection: 'cities', aliases: ['Montreal'], description: 'On an island.' },
    ...{ altitude_m: 233.5, properties: { country: 'CA', people: [1, { of: null }] } },
  }
  const made = await post('/', all, { as: 'editor' })
  expect(made.status).toBe(201)
  expect(made.headers.get('etag')).toBe('"v1"')
  const place = await bodyOf<Place>(made)
  expect(place).toMatchObject({ ...all, feature_id: null, version: 1 })
  expect(made.headers.get('location')).toBe(`/v1/places/${place.id}`)
  expect(await bodyOf(await get(`/${place.id}`, { as: 'viewer' }))).toEqual(place)
  expect(place.created_by_user_id).toBe(tenant.admin.id)
})

test('what is left out is empty, and the collection is that of places', async () => {
  const { make } = await placed()
  expect(await make()).toMatchObject({
    ...{ collection: 'places', aliases: [], description: '', altitude_m: null, properties: {} },
  })
})

test.each([
  [{ ...montreal, name: '' }, '/name'],
  [{ ...montreal, name: ' \u200b\u2060 ' }, '/name'],
  [{ ...montreal, name: 'two\nlines' }, '/name'],
  [{ ...montreal, name: 'turned \u202e round' }, '/name'],
  [{ ...montreal, name: 'x'.repeat(501) }, '/name'],
  [{ ...montreal, collection: ' ' }, '/collection'],
  [{ ...montreal, aliases: ['\u00ad'] }, '/aliases/0'],
  [{ ...montreal, aliases: Array.from({ length: 51 }, (_, n) => `a${n}`) }, '/aliases'],
  [{ ...montreal, description: 'x'.repeat(20_001) }, '/description'],
  [{ ...montreal, longitude: 180.001 }, '/longitude'],
  [{ ...montreal, latitude: -91 }, '/latitude'],
  [{ ...montreal, altitude_m: 'high' }, '/altitude_m'],
  [{ ...montreal, properties: [] }, '/properties'],
  [{ ...montreal, properties: { long: 'é'.repeat(32 * 1024) } }, '/properties'],
  [{ ...montreal, properties: { nul: '\u0000' } }, '/properties/nul'],
  [{ name: 'Nowhere' }, '/longitude'],
])('what no place can be is refused: %j', async (json, pointer) => {
  const { post } = await placed()
  const reply = await post('/', json)
  expect(reply.status).toBe(422)
  const { errors } = await bodyOf<{ errors: { pointer: string }[] }>(reply)
  expect(errors[0]?.pointer).toBe(pointer)
})

test('a place next to nowhere is kept as it is, and spoils nothing for the others', async () => {
  const { make, get, otherTenant } = await placed()
  const tiny = { longitude: 5e-324, latitude: -1e-300 }
  const kept = await make({ name: 'Tiny', ...tiny })
  expect(kept).toMatchObject(tiny)
  for (const n of [1e-310, 1e-200, -1e-170, 1e-155, 1e-15])
    expect(await make({ name: 'Near', longitude: n, latitude: n })).toMatchObject({ longitude: n })
  const theirs = { name: 'Theirs', longitude: -3e-308, latitude: 2e-160 }
  expect((await otherTenant.post('/', theirs)).status).toBe(201)
  const [inBox, nearest] = [
    await bodyOf<{ items: unknown[] }>(await get('/?bbox=-1e-300,-1e-300,1e-300,1e-300')),
    await bodyOf<{ items: unknown[] }>(await get('/nearest?longitude=1e-320&latitude=-5e-324')),
  ]
  expect([inBox.items.length, nearest.items.length]).toEqual([2, 6])
})

test('a change sets what is given, finds the place by its new names, and needs no version', async () => {
  const { make, patch, get } = await placed()
  const place = await make({ ...montreal, aliases: ['Hochelaga'], altitude_m: 5 })
  const changed = await patch(`/${place.id}`, { name: 'Ville-Marie', altitude_m: null })
  expect(changed.status).toBe(200)
  expect(changed.headers.get('etag')).toBe('"v2"')
  const now = { ...place, name: 'Ville-Marie', altitude_m: null, version: 2 }
  expect(await bodyOf<Place>(changed)).toMatchObject({ ...now, updated_at: expect.any(String) })
  const found = async (q: string) =>
    (await bodyOf<{ items: Place[] }>(await get(`/?q=${encodeURIComponent(q)}`))).items.length
  expect(await Promise.all(['ville m', 'HOCHE', 'é', 'montr', '!'].map(found))).toEqual([
    ...[1, 1, 1, 0, 0],
  ])
})

test('of two changes of one version one wins, and the other learns that it is stale', async () => {
  const { make, patch, get } = await placed()
  const { id } = await make()
  const change = (name: string) => patch(`/${id}`, { name }, { headers: { 'if-match': '"v1"' } })
  const replies = await Promise.all([change('A'), change('B')])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
  const reply = await get(`/${id}`, { headers: { 'if-none-match': '"v2"' } })
  expect(reply.status).toBe(304)
})

test('a deletion honours the version, and a second one finds nothing', async () => {
  const { make, patch, del, otherTenant } = await placed()
  const { id } = await make()
  await patch(`/${id}`, { name: 'Changed' })
  expect((await del(`/${id}`, { headers: { 'if-match': '"v1"' } })).status).toBe(412)
  expect((await otherTenant.del(`/${id}`)).status).toBe(404)
  expect((await otherTenant.patch(`/${id}`, { name: 'Mine' })).status).toBe(404)
  const replies = await Promise.all([del(`/${id}`), del(`/${id}`)])
  expect(replies.map(({ status }) => status).sort()).toEqual([204, 404])
})
