import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { ArchiveFault, unzippedTexts } from './unzip.ts'
import { type ArchivePiece, zipped } from './zip.ts'

const limits = { files: 10, bytes: 1_000_000 }
const encoded = (text: string) => new TextEncoder().encode(text)
const isWanted = (path: string) => path.endsWith('.txt')
const unzip = (archive: Uint8Array) => unzippedTexts(archive, { limits, isWanted })

test('what was zipped here comes out again, in order', async () => {
  const pieces: ArchivePiece[] = [
    { path: 'b/ünï.txt', text: 'x'.repeat(100_000) },
    { path: 'a.txt', text: '' },
  ]
  async function* given() {
    yield* pieces
  }
  const chunks: Uint8Array[] = []
  for await (const chunk of zipped(given(), new Date('2026-01-01'))) chunks.push(chunk)
  expect(unzip(Buffer.concat(chunks))).toEqual(pieces)
})

test('files that nobody wants are not unfolded', () => {
  const archive = zipSync({ 'a.txt': encoded('a'), 'large.png': new Uint8Array(2_000_000) })
  expect(unzip(archive)).toEqual([{ path: 'a.txt', text: 'a' }])
})

test('an archive without files is one', () => {
  expect(unzip(zipSync({}))).toEqual([])
})

/** Says of its only file that it is small. */
function bombOf(bytes: number): Uint8Array {
  const archive = zipSync({ 'a.txt': [new Uint8Array(bytes), { level: 9 }] })
  const view = new DataView(archive.buffer, archive.byteOffset)
  view.setUint32(22, 1, true)
  return archive
}

test.each<[string, Uint8Array, string]>([
  ['a bomb', zipSync({ 'a.txt': new Uint8Array(50_000_000) }), 'more than 1000000 bytes'],
  ['a bomb that lies of its size', bombOf(50_000_000), 'more than 1000000 bytes'],
  [
    'too many files',
    zipSync(Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`${n}`, encoded('')]))),
    'more than 10 files',
  ],
  ['a half', zipSync({ 'a.txt': encoded('abc'.repeat(999)) }).slice(0, 50), 'It is damaged'],
  ['other bytes', encoded('text'), 'no zip archive'],
  ['nothing', new Uint8Array(), 'no zip archive'],
  ['bytes that are no text', zipSync({ 'a.txt': new Uint8Array([0xff]) }), 'not valid UTF-8'],
])('%s is refused with its reason', (_, archive, reason) => {
  expect(() => unzip(archive)).toThrow(ArchiveFault)
  expect(() => unzip(archive)).toThrow(reason)
})
