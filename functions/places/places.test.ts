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
