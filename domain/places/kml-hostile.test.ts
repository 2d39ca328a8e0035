import { expect, test } from 'vitest'
import { kmlOf } from '../../test/fixtures/geo.ts'
import { PlacesFileFault } from './feature.ts'
import { readPlacesFile } from './importing-file.ts'

const options = {
  ...{ nameProperty: undefined, aliasProperties: [], findHostile: () => null },
  format: undefined,
}
const read = (file: string | Uint8Array) =>
  readPlacesFile(typeof file === 'string' ? new TextEncoder().encode(file) : file, options)

async function faultOf(file: string | Uint8Array): Promise<string> {
  const outcome = await read(file).catch((err: unknown) => err)
  if (!(outcome instanceof PlacesFileFault)) throw outcome
  return outcome.message
}

const mark = (name: string) =>
  `<Placemark><name>${name}</name><Point><coordinates>1,2</coordinates></Point></Placemark>`

const noDocumentType = 'A document type is not read, nor are its entities.'
const laughs = `<?xml version="1.0"?>
<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<kml>${mark('&b;')}</kml>`
const outside = `<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>${mark('&x;')}</kml>`

test.each([
  ['a bomb of entities', laughs, `line 2, column 77: ${noDocumentType}`],
  ['an entity from outside', outside, `line 1, column 56: ${noDocumentType}`],
  ['a document type from outside', '<!DOCTYPE kml SYSTEM "http://x/y.dtd"><kml/>', noDocumentType],
  [
    'an entity that nothing says',
    `<kml>${mark('&nbsp;')}</kml>`,
    'line 1, column 28: undefined entity',
  ],
  [
    'an element that does not end',
    '<kml><Document>\n<name>x</name>',
    'line 2, column 14: unclosed tag: Document',
  ],
  ['an element that another ends', '<kml><Document></kml>', 'unexpected close tag'],
  ['two roots', '<kml/><kml/>', 'documents may contain only one root'],
  ['text behind the end', '<kml/>more', 'text data outside of root node'],
  ['a prefix of no namespace', '<kml><gx:Tour/></kml>', 'unbound namespace prefix: "gx"'],
  ['an attribute twice', '<kml a="1" a="2"/>', 'duplicate attribute: a'],
  ['a character that XML has not', `<kml>${mark('a\u0001b')}</kml>`, 'disallowed character'],
  ['a reference to one', `<kml>${mark('&#1;')}</kml>`, 'malformed character entity'],
  ['a page of the web', '<html><body/></html>', 'It is no KML, but <html>.'],
  ['nothing but a declaration', '<?xml version="1.0"?>', 'document must contain a root element'],
])('%s is refused with its line and column', async (_, file, detail) => {
  const fault = await faultOf(file)
  expect(fault).toMatch(/^line \d+, column \d+: /)
  expect(fault).toContain(detail)
})

test('a file that is cut off anywhere is refused, and never read in part', async () => {
  const whole = kmlOf(`${mark('One')}\n${mark('Two')}`)
  for (let length = 1; length < whole.length; length += 7)
    expect(await faultOf(whole.slice(0, length))).not.toBe('')
})

test('nesting has an end', async () => {
  const deep = `<kml>${'<Folder>'.repeat(500_000)}`
  expect(await faultOf(deep)).toMatch(/: It nests deeper than 64 levels\.$/)
})

test('properties that Octavo is said to have written nest no deeper than others', async () => {
  const deep = `{"properties":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`
  const own = `<ExtendedData><o:place xmlns:o="urn:octavo:places">${deep}</o:place></ExtendedData>`
  expect(await faultOf(`<kml><Placemark>${own}</Placemark></kml>`)).toBe(
    'placemark 1 (line 1): It nests too deep.',
  )
})

test('megabytes of an attribute are read past, and thousands of attributes refused', async () => {
  const long = 'x'.repeat(4 * 1024 * 1024)
  const { features } = await read(`<kml><Document long="${long}">${mark('One')}</Document></kml>`)
  expect(features).toMatchObject([{ name: 'One' }])
  const many = Array.from({ length: 5_000 }, (_, n) => `a${n}="x"`).join(' ')
  expect(await faultOf(`<kml><Document ${many}/></kml>`)).toMatch(
    /: An element has at most 200 attributes\.$/,
  )
})

const textOf = (element: string) => `<${element}>${'\t x'.repeat(600_000)}</${element}>`

test.each([
  ['a name', textOf('name')],
  ['data', `<ExtendedData><Data name="a">${textOf('value')}</Data></ExtendedData>`],
  ['many data', `<Data name="a"><value>${'x'.repeat(20_000)}</value></Data>`.repeat(60)],
])('megabytes of %s are refused before anybody looks through them', async (_, inner) => {
  expect(await faultOf(`<kml><Placemark>${inner}</Placemark></kml>`)).toMatch(
    /^line 1, column \d+: The texts of a placemark have at most 1048576 characters\.$/,
  )
})

test('texts of one placemark do not count for the next, nor those between them', async () => {
  const long = `<GroundOverlay><description>${'x'.repeat(600_000)}</description></GroundOverlay>`
  const { features } = await read(`<kml><Document>${long}${mark('One')}${long}</Document></kml>`)
  expect(features).toMatchObject([{ name: 'One' }])
})

test('long names of folders, which each of many placemarks would say again, are refused', async () => {
  const folder = (name: string, inner: string) => `<Folder><name>${name}</name>${inner}</Folder>`
  const name = 'x'.repeat(1_000)
  const { features } = await read(`<kml>${folder(name, folder(name, mark('One')))}</kml>`)
  expect(features).toMatchObject([{ properties: { folders: [name, name] } }])
  const long = folder(name, folder(name, folder('y', '<Placemark/>'.repeat(50_000))))
  expect(await faultOf(`<kml>${long}</kml>`)).toMatch(
    /: The names of folders within each other have at most 2000 characters\.$/,
  )
})

test.each([
  ['spaces', `1,2${' '.repeat(4_000_000)}`],
  ['commas', ','.repeat(4_000_000)],
  ['positions', '1,2 '.repeat(1_000_000)],
])('millions of %s in coordinates are gone through once', async (_, coordinates) => {
  const line = `<Placemark><LineString><coordinates>${coordinates}</coordinates></LineString></Placemark>`
  const outcome = await read(`<kml>${line}${mark('One')}</kml>`).catch((err: unknown) => err)
  expect(outcome instanceof PlacesFileFault || outcome).toBeTruthy()
})

test('a position that does not end is refused with its beginning', async () => {
  const [part] = (await faultOf(kmlOf(mark('One').replace('1,2', ','.repeat(4_000_000))))).split(
    ' is',
  )
  expect(part).toBe(`"One" (line 3): "${','.repeat(60)}"`)
})

function utf16(text: string, isLittle: boolean): Uint8Array {
  const bytes = new Uint8Array(2 + 2 * text.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xfeff, isLittle)
  for (let at = 0; at < text.length; at += 1)
    view.setUint16(2 + 2 * at, text.charCodeAt(at), isLittle)
  return bytes
}

const declared = (encoding: string, name = 'Zürich 🗻') =>
  `<?xml version="1.0" encoding="${encoding}"?><kml>${mark(name)}</kml>`
const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

test.each([
  ['UTF-16, little end first', utf16(declared('UTF-16'), true)],
  ['UTF-16, big end first', utf16(declared('UTF-16'), false)],
  ['UTF-16 that does not say so', utf16(`<kml>${mark('Zürich 🗻')}</kml>`, true)],
  ['UTF-8 with a mark', new TextEncoder().encode(`\ufeff${declared('utf-8')}`)],
])('%s is read', async (_, bytes) => {
  expect((await read(bytes)).features).toMatchObject([{ name: 'Zürich 🗻' }])
})

test('Latin letters of one byte are read as they are declared', async () => {
  const { features } = await read(latin(declared('ISO-8859-1', 'Zürich')))
  expect(features).toMatchObject([{ name: 'Zürich' }])
})

test.each([
  [
    'one encoding declared, another used',
    utf16(declared('UTF-8'), true),
    'The file says that it is utf-8, and begins as utf-16le.',
  ],
  [
    'UTF-16 declared, and not used',
    declared('UTF-16'),
    'The file says that it is UTF-16, and is not.',
  ],
  [
    'an unknown encoding',
    declared('x-mac-klingon'),
    'The encoding x-mac-klingon is not known here; use UTF-8.',
  ],
  [
    'Latin letters declared as UTF-8',
    latin(declared('UTF-8', 'Zürich')),
    'The file is not valid UTF-8.',
  ],
  [
    'half a character of UTF-16',
    utf16(declared('UTF-16'), true).subarray(0, -1),
    'The file is not valid UTF-16LE.',
  ],
])('%s is refused in a sentence', async (_, file, detail) => {
  expect(await faultOf(file)).toBe(detail)
})
