import { expect, test } from 'vitest'
import { featureCollection, geo, pointFeature } from '../../test/fixtures/geo.ts'

test('an id that is a text stays one, whatever it looks like', async () => {
  const { bring, all, get, features } = await geo()
  const ids = ['5', 5, 'true', '{"a":1}', '"x"']
  const file = featureCollection(...ids.map((id) => pointFeature([1, 2], {}, id)))
  await bring(file)
  const places = await all()
  expect(places.map(({ feature_id }) => feature_id)).toEqual(ids)
  const ones = await Promise.all(places.map(async ({ id }) => (await get(`/${id}`)).json()))
  expect(ones).toMatchObject(ids.map((id) => ({ feature_id: id })))
  expect((await features()).map(({ id }) => id)).toEqual(ids)
})
