import { expect, test } from 'vitest'
import { type FoundType, inspectedFile, kindOf } from './intake.ts'

async function typeOfFile(...chunks: (string | Uint8Array)[]) {
  const bytes = chunks.map((chunk) =>
    typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk,
  )
  const { body, type } = inspectedFile(ReadableStream.from(bytes) as ReadableStream<Uint8Array>)
  const out = new Uint8Array(await new Response(body).arrayBuffer())
  expect(out.length).toBe(bytes.reduce((sum, chunk) => sum + chunk.length, 0))
  return type()
}

const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

test.each([
  ['a PDF', ['%PDF-1.7\n', new Uint8Array([0, 255, 254])], 'application/pdf'],
  [
    'a PDF behind a thousand bytes of anything',
    [new Uint8Array(1000), '%PDF-1.4'],
    'application/pdf',
  ],
  ['a PDF whose mark is cut in two', ['%PD', 'F-1.7'], 'application/pdf'],
  ['text', ['plain words'], 'text/plain'],
  [
    'text with a character cut in two',
    [new Uint8Array([0xc3]), new Uint8Array([0xbc])],
    'text/plain',
  ],
  ['text with a byte order mark', ['\ufeffwords'], 'text/plain'],
  ['text that speaks of %PDF- late', ['x'.repeat(1020), '%PDF-'], 'text/plain'],
  ['a PNG', [png, new Uint8Array(2_000)], 'image/png'],
  [
    'a PNG whose mark comes byte by byte',
    [...png].map((byte) => new Uint8Array([byte])),
    'image/png',
  ],
  ['a PNG that speaks of %PDF-', [png, '%PDF-1.7'], 'image/png'],
  ['a JPEG', [new Uint8Array([0xff, 0xd8, 0xff, 0xe1]), new Uint8Array(2_000)], 'image/jpeg'],
  ['a TIFF, small end first', ['II*\0', new Uint8Array([8, 0, 0, 0])], 'image/tiff'],
  ['a TIFF, big end first', ['MM\0*', new Uint8Array([0, 0, 0, 8])], 'image/tiff'],
  ['a BigTIFF', ['II+\0', new Uint8Array([8, 0, 0, 0])], 'image/tiff'],
] as const)('%s is told by its bytes', async (_, chunks, type) => {
  expect(await typeOfFile(...chunks)).toBe(type)
})

test.each([
  ['a GIF', ['GIF89a', new Uint8Array([0xff, 0, 0])]],
  ['half the mark of a PNG', [png.subarray(0, 5)]],
  ['a ZIP file', ['PK', new Uint8Array([3, 4, 0xff, 0xfe])]],
  ['Latin-1 text', [new Uint8Array([0x67, 0xfc, 0x6e])]],
  ['UTF-16 text', [new Uint8Array([0xff, 0xfe, 0x61, 0x00])]],
  ['text with a NUL', ['a\u0000b']],
  ['text that ends inside a character', ['abc', new Uint8Array([0xe2, 0x82])]],
  ['long text that breaks late', ['x'.repeat(5_000), new Uint8Array([0xff])]],
])('%s is refused', async (_, chunks) => {
  await expect(typeOfFile(...chunks)).rejects.toMatchObject({ code: 'unsupported_media_type' })
})

test('an empty file is refused as such', async () => {
  await expect(typeOfFile()).rejects.toMatchObject({ code: 'invalid' })
})

test('text is Markdown by its name or its media type, and a PDF or an image whatever they say', () => {
  const kind = (found: FoundType, filename: string | null, mediaType: string | null) =>
    kindOf(found, { filename, mediaType })
  const markdown = { kind: 'markdown', mediaType: 'text/markdown' }
  expect(kind('text/plain', 'README.MD', null)).toEqual(markdown)
  expect(kind('text/plain', null, 'text/markdown; charset=utf-8')).toEqual(markdown)
  expect(kind('text/plain', 'a.pdf', 'application/pdf').kind).toBe('text')
  expect(kind('application/pdf', 'a.md', 'text/markdown').kind).toBe('pdf')
  expect(kind('image/jpeg', 'a.md', 'image/png')).toEqual({
    kind: 'image',
    mediaType: 'image/jpeg',
  })
})
