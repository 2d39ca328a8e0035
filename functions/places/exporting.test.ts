import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog } from '../../db/schema/index.ts'
import { placeDocuments, places } from '../../db/schema/places.ts'
import {
  type Feature,
  featureCollection,
  geo,
  geoFile,
  geoFolder,
  geoMissing,
  pointFeature,
} from '../../test/fixtures/geo.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { addDocument } from '../../test/harness/documents.ts'

const cities = 'geo/ne_110m_populated_places_simple.json'

const told = ({ geometry, properties }: Feature) => ({ geometry, properties })

test('243 real places come out as they went in, and a second import changes nothing', async ({
  skip,
}) => {
  if (!geoFolder) return skip(geoMissing)
  const { bring, features, all } = await geo()
  const file = geoFile(cities)
  const given: Feature[] = JSON.parse(file).features
  const first = await bring(file, '?alias_properties=nameascii,namealt')
  expect(first.totals).toMatchObject({ features: 243, created: 243, skipped: 0, unnamed: 0 })
  const before = await all()
  expect(before.map(({ name }) => name)).toEqual(given.map(({ properties }) => properties?.name))
  expect((await features()).map(told)).toEqual(given.map(told))
  expect((await bring(file, '?alias_properties=nameascii,namealt')).totals).toMatchObject({
    ...{ created: 0, updated: 0, unchanged: 243 },
  })
  expect(await all()).toEqual(before)
})

test.for(['geojson', 'kml'])(
  'an export of 243 real places as %s changes nothing when it comes back',
  async (format, { skip }) => {
    if (!geoFolder) return skip(geoMissing)
    const { bring, exported, all } = await geo()
    await bring(geoFile(cities), '?alias_properties=nameascii')
    const before = await all()
    const file = await exported(`?format=${format}`)
    expect((await bring(file)).totals).toMatchObject({ created: 0, updated: 0, unchanged: 243 })
    expect(await all()).toEqual(before)
    await bring(file, '?collection=other')
    const copies = (await all()).slice(243)
    const content = ({ name, aliases, longitude, latitude, properties }: (typeof copies)[0]) => ({
      ...{ name, aliases, longitude, latitude, properties },
    })
    expect(copies.map(content)).toEqual(before.map(content))
  },
)

test('an export is read from the database as it is read by the caller', async () => {
  const { bring, get, db, tenant } = await geo()
  const note = 'x'.repeat(500)
  const points = Array.from({ length: 3_000 }, (_, n) =>
    pointFeature([1, 2], { name: `${n}`, note }),
  )
  await bring(featureCollection(...points))
  const reader = (await get('/export')).body?.getReader()
  const decoder = new TextDecoder()
  let text = decoder.decode((await reader?.read())?.value)
  await db.delete(places).where(eq(places.tenantId, tenant.id))
  for (;;) {
    const { value, done } = (await reader?.read()) ?? { done: true }
    if (done) break
    text += decoder.decode(value)
  }
  const { features } = JSON.parse(text) as { features: Feature[] }
  expect(features.length).toBeLessThan(2_000)
  expect(features[0]?.properties).toEqual({ name: '0', note })
})

test('an export is of a collection, a box or a document, and says in the audit log that it was', async () => {
  const { bring, features, exported, get, db, tenant } = await geo()
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['a'] })
  await bring(featureCollection(pointFeature([179, 2], { name: 'West' })), '?collection=a')
  await bring(featureCollection(pointFeature([-179, 2], { name: 'East' })), '?collection=b')
  const linked = await addPlace(db, { ...owner, name: 'Linked' })
  await db.insert(placeDocuments).values({
    ...{ tenantId: tenant.id, placeId: linked.id, documentId, source: 'user' },
    ...{ createdByUserId: tenant.admin.id, createdAt: new Date() },
  })
  const names = async (query: string) =>
    (await features(query)).map(({ properties }) => properties?.name)
  expect(await names('')).toEqual(['West', 'East', 'Linked'])
  expect(await names('?collection=b')).toEqual(['East'])
  expect(await names('?bbox=178,0,-178,3')).toEqual(['West', 'East'])
  expect(await names(`?document_id=${documentId}`)).toEqual(['Linked'])
  const kml = await get('/export?format=kml&collection=a')
  expect([kml.headers.get('content-type'), kml.headers.get('content-disposition')]).toEqual([
    'application/vnd.google-earth.kml+xml',
    'attachment; filename="places.kml"',
  ])
  expect(await exported('?collection=none')).toBe(
    '{"type":"FeatureCollection","features":[\n\n]}\n',
  )
  const rows = await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))
  expect(rows.map(({ action, detail }) => [action, detail])).toContainEqual([
    ...['places.exported', { format: 'kml', collection: 'a' }],
  ])
  for (const query of ['bbox=1,2,3', 'format=csv', 'document_id=x', 'colection=a'])
    expect((await get(`/export?${query}`)).status).toBe(422)
})
