import { expect, test } from 'vitest'
import { inspectedFile, kindOf } from './intake.ts'

async function kindOfFile(...chunks: (string | Uint8Array)[]) {
  const bytes = chunks.map((chunk) =>
    typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk,
  )
  const { body, kind } = inspectedFile(ReadableStream.from(bytes) as ReadableStream<Uint8Array>)
  const out = new Uint8Array(await new Response(body).arrayBuffer())
  expect(out.length).toBe(bytes.reduce((sum, chunk) => sum + chunk.length, 0))
  return kind()
}

test.each([
  ['a PDF', ['%PDF-1.7\n', new Uint8Array([0, 255, 254])], 'pdf'],
  ['a PDF behind a thousand bytes of anything', [new Uint8Array(1000), '%PDF-1.4'], 'pdf'],
  ['a PDF whose mark is cut in two', ['%PD', 'F-1.7'], 'pdf'],
  ['text', ['plain words'], 'text'],
  ['text with a character cut in two', [new Uint8Array([0xc3]), new Uint8Array([0xbc])], 'text'],
  ['text with a byte order mark', ['\ufeffwords'], 'text'],
  ['text that speaks of %PDF- late', ['x'.repeat(1020), '%PDF-'], 'text'],
] as const)('%s is told by its bytes', async (_, chunks, kind) => {
  expect(await kindOfFile(...chunks)).toBe(kind)
})

test.each([
  ['an image', [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0])]],
  ['a ZIP file', ['PK', new Uint8Array([3, 4, 0xff, 0xfe])]],
  ['Latin-1 text', [new Uint8Array([0x67, 0xfc, 0x6e])]],
  ['UTF-16 text', [new Uint8Array([0xff, 0xfe, 0x61, 0x00])]],
  ['text with a NUL', ['a\u0000b']],
  ['text that ends inside a character', ['abc', new Uint8Array([0xe2, 0x82])]],
  ['long text that breaks late', ['x'.repeat(5_000), new Uint8Array([0xff])]],
])('%s is refused', async (_, chunks) => {
  await expect(kindOfFile(...chunks)).rejects.toMatchObject({ code: 'unsupported_media_type' })
})

test('an empty file is refused as such', async () => {
  await expect(kindOfFile()).rejects.toMatchObject({ code: 'invalid' })
})

test('text is Markdown by its name or its media type, and a PDF whatever they say', () => {
  const kind = (found: 'pdf' | 'text', filename: string | null, mediaType: string | null) =>
    kindOf(found, { filename, mediaType })
  expect(kind('text', 'README.MD', null)).toBe('markdown')
  expect(kind('text', null, 'text/markdown; charset=utf-8')).toBe('markdown')
  expect(kind('text', 'a.pdf', 'application/pdf')).toBe('text')
  expect(kind('pdf', 'a.md', 'text/markdown')).toBe('pdf')
})
