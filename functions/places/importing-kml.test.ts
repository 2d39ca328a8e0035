import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { geo, geoFile, geoFolder, geoMissing, kmlOf } from '../../test/fixtures/geo.ts'

const point = (inner: string, coordinates = '1,2') =>
  `<Placemark>${inner}<Point><coordinates>${coordinates}</coordinates></Point></Placemark>`

test('a real KML file with broken coordinates is refused, and each placemark is named', async ({
  skip,
}) => {
  if (!geoFolder) return skip(geoMissing)
  const { refuse, all } = await geo()
  const { detail, errors } = await refuse(geoFile('kml/bad.kml'))
  expect(detail).toBe('3 places of the file are wrong.')
  expect(errors.map((one) => one.detail)).toEqual([
    'placemark 1 (line 3): "no,no" is no position: longitude,latitude or longitude,latitude,altitude.',
    expect.stringMatching(/^"unextruded" \(line 9\): "no,no,0" is no position/),
    expect.stringMatching(/^"hollow box" \(line 20\): "no,30" is no position/),
  ])
  expect(await all()).toEqual([])
})

test('real KML files come in; what has no coordinates is told', async ({ skip }) => {
  if (!geoFolder) return skip(geoMissing)
  const { bring, all } = await geo()
  const { totals, skipped } = await bring(geoFile('kml/addresses.kml'))
  expect(totals).toMatchObject({ features: 15, created: 0, skipped: 15 })
  expect(skipped[0]).toEqual({
    ...{ index: 0, name: 'In transit', line: 40 },
    reason: 'It has a Point and a gx:Track; a place is one Point.',
  })
  await bring(geoFile('kml/cdata.kml'))
  await bring(geoFile('kml/extended_data.kml'))
  const at = { longitude: -122.0822035425683, latitude: 37.42228990140251, altitude_m: 0 }
  expect(await all()).toMatchObject([
    { ...at, name: '', description: 'Here is some text', properties: {} },
    {
      ...{ ...at, name: 'Extended data placemark', properties: { foo: 'bar' } },
      description: expect.stringMatching(/^Attached to the ground/),
    },
  ])
})

test('a placemark keeps what it says, and the folders in which it lies', async () => {
  const { bring, all } = await geo()
  const file = kmlOf(`<name>Tour</name><Style id="s"/>
<Folder><name>North</name><Folder>
${point(
  `<name> Ber<![CDATA[gen & <Hordaland>]]> </name><description><![CDATA[<b>wet</b>]]></description>
  <address>Torget 1</address><styleUrl>#s</styleUrl><TimeStamp><when>2026-11-22</when></TimeStamp>
  <ExtendedData><Data name="pop"><displayName>People</displayName><value>285601</value></Data>
  <SchemaData schemaUrl="#a"><SimpleData name="a">1</SimpleData><SimpleData name="a">2</SimpleData></SchemaData>
  </ExtendedData>`,
  ' 5.33 , 60.39 , 12.5\n',
)}
</Folder></Folder>
<Folder><name>South</name></Folder>
${point('<TimeSpan><begin>2026</begin><end>2027</end></TimeSpan>')}`)
  const { totals, ignored } = await bring(file, '?alias_properties=address')
  expect(totals).toMatchObject({ features: 2, created: 2, unnamed: 1 })
  expect(ignored).toEqual(['Style', 'styleUrl'])
  expect(await all()).toMatchObject([
    {
      ...{ name: 'Bergen & <Hordaland>', description: '<b>wet</b>', aliases: ['Torget 1'] },
      ...{ longitude: 5.33, latitude: 60.39, altitude_m: 12.5, feature_id: null },
      properties: {
        ...{ address: 'Torget 1', timestamp: '2026-11-22', pop: '285601', a: ['1', '2'] },
        folders: ['Tour', 'North'],
      },
    },
    { name: '', properties: { begin: '2026', end: '2027', folders: ['Tour'] } },
  ])
})

test('a placemark with an id is found again by it', async () => {
  const { bring, all } = await geo()
  const file = (name: string, lon: number) =>
    kmlOf(
      `<Placemark id="p1"><name>${name}</name><Point><coordinates>${lon},2</coordinates></Point></Placemark>`,
    )
  await bring(file('One', 1))
  expect((await bring(file('Two', 3))).totals).toMatchObject({ created: 0, updated: 1 })
  expect(await all()).toMatchObject([{ name: 'Two', longitude: 3, feature_id: 'p1', version: 2 }])
})

test('what is no single point is skipped, and each is told why and where', async () => {
  const { bring, all } = await geo()
  const mark = (inner: string) => `<Placemark>${inner}</Placemark>`
  const at = '<Point><coordinates>1,2</coordinates></Point>'
  const line = '<LineString><coordinates>1,2 3,4</coordinates></LineString>'
  const ring = `<outerBoundaryIs><LinearRing><coordinates>1,2 3,4 5,6 1,2</coordinates></LinearRing></outerBoundaryIs>`
  const marks = [
    mark(line),
    mark(`<Polygon>${ring}</Polygon>`),
    mark(`<MultiGeometry>${at}${at}${line}</MultiGeometry>`),
    mark(''),
    mark('<Point><coordinates> </coordinates></Point>'),
    mark('<Point/>'),
    mark('<gx:Track><gx:coord>1 2 0</gx:coord></gx:Track>'),
    '<NetworkLink><name>elsewhere</name></NetworkLink>',
    mark(`<name>kept</name><MultiGeometry><MultiGeometry>${at}</MultiGeometry></MultiGeometry>`),
  ]
  const { totals, skipped } = await bring(kmlOf(marks.join('\n')))
  expect(totals).toMatchObject({ features: 9, created: 1, skipped: 8 })
  expect(skipped.map(({ line, reason }) => [line, reason])).toEqual([
    [3, 'It has a LineString; a place is one Point.'],
    [4, 'It has a Polygon; a place is one Point.'],
    [5, 'It has 2 of Point and a LineString; a place is one Point.'],
    [6, 'It has no geometry.'],
    [7, 'Its Point has no coordinates.'],
    [8, 'Its Point has no coordinates.'],
    [9, 'It has a gx:Track; a place is one Point.'],
    [10, 'A NetworkLink is no place.'],
  ])
  expect(await all()).toMatchObject([{ name: 'kept' }])
})

test.each([
  'xmlns="http://earth.google.com/kml/2.0"',
  'xmlns="http://earth.google.com/kml/2.1"',
  'xmlns="http://earth.google.com/kml/2.2"',
  '',
])('KML of the namespace %s is read', async (namespace) => {
  const { bring, all } = await geo()
  const prefixed = `<k:kml xmlns:k="http://www.opengis.net/kml/2.2"><k:Placemark><k:name>N</k:name><k:Point>
    <k:coordinates>1,2</k:coordinates></k:Point></k:Placemark></k:kml>`
  await bring(`<kml ${namespace}>${point('<name>N</name>')}</kml>`)
  await bring(prefixed, '?collection=prefixed')
  expect(await all()).toMatchObject([
    { name: 'N', latitude: 2 },
    { name: 'N', latitude: 2 },
  ])
})

test('a KMZ is read by its doc.kml, and one without KML or with too much is refused', async () => {
  const { bring, refuse, all } = await geo()
  const bytes = (text: string) => new TextEncoder().encode(text)
  const doc = bytes(kmlOf(point('<name>In</name>')))
  await bring(zipSync({ 'a.kml': bytes(kmlOf('')), 'files/x.png': bytes('x'), 'doc.kml': doc }))
  expect(await all()).toMatchObject([{ name: 'In' }])
  expect((await refuse(zipSync({ 'x.txt': doc }))).detail).toBe(
    'The archive: It has no file whose name ends in .kml.',
  )
  const bomb = zipSync({ 'doc.kml': new Uint8Array(17 * 1024 * 1024).fill(0x20) })
  expect((await refuse(bomb)).detail).toMatch(/^The archive: Unpacked it has more than 16777216/)
  expect((await refuse(zipSync({ 'doc.kml': doc }).subarray(0, 90))).detail).toMatch(/^The archive/)
})

test('placemarks without ids are found again whichever property is asked for as the name', async () => {
  const { bring, all } = await geo()
  const data = '<ExtendedData><Data name="town"><value>Bergen</value></Data></ExtendedData>'
  const file = kmlOf(point(`<name>Harbour</name>${data}`))
  await bring(file)
  const { totals } = await bring(file, '?name_property=town')
  expect(totals).toMatchObject({ created: 0, updated: 1 })
  expect(await all()).toMatchObject([{ name: 'Bergen' }])
})
