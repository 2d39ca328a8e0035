import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readParts } from './multipart.ts'

const type = 'multipart/form-data; boundary=XX'
const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** The text as a stream of chunks that end at `cuts`. */
function chunked(text: string, cuts: readonly number[] = []): ReadableStream<Uint8Array> {
  const bytes = bytesOf(text)
  const ends = [...new Set([...cuts, bytes.length])].sort((a, b) => a - b)
  return ReadableStream.from(ends.map((end, index) => bytes.slice(ends[index - 1] ?? 0, end)))
}

async function partsOf(body: ReadableStream<Uint8Array>, contentType = type) {
  const parts: { name: string | null; filename: string | null; content: string }[] = []
  for await (const { name, filename, body: content } of readParts(body, contentType))
    parts.push({
      name,
      filename,
      content: latin1(new Uint8Array(await new Response(content).arrayBuffer())),
    })
  return parts
}

const latin1 = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')

const part = (content: string, name = 'file', filename = 'a.pdf') =>
  `--XX\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\n\r\n${content}\r\n`

// Made of what a boundary is made of, so that false beginnings are everywhere.
const hostileContent = fc
  .array(fc.constantFrom('\r', '\n', '-', 'X', '\r\n', '\r\n-', '\r\n--', '\r\n--X', 'a', '\xff'))
  .map((pieces) => pieces.join(''))
  .filter((content) => !`${content}\r\n`.includes('\r\n--XX') && !content.startsWith('--XX'))

test('every part comes out as it went in, wherever the chunks are cut', async () => {
  const contents = fc.array(hostileContent, { minLength: 1, maxLength: 4 })
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(contents, cuts, async (wanted, at) => {
      const text = `${wanted.map((content) => part(content)).join('')}--XX--\r\n`
      const parts = await partsOf(
        chunked(
          text,
          at.filter((cut) => cut < text.length),
        ),
      )
      expect(parts.map((found) => found.content)).toEqual(wanted)
    }),
  )
})

test('a preamble, an epilogue, padding and parts without header are taken as the standard says', async () => {
  const text = `preamble\r\n--XX  \r\n\r\nbare\r\n${part('x')}--XX--\r\nepilogue`
  expect(await partsOf(chunked(text))).toEqual([
    { name: null, filename: null, content: 'bare' },
    { name: 'file', filename: 'a.pdf', content: 'x' },
  ])
})

test('file names are read in UTF-8 and in the form of RFC 5987', async () => {
  const utf8 = latin1(new TextEncoder().encode('Größe.pdf'))
  const extended = `--XX\r\nContent-Disposition: form-data; name="file"; filename="x"; filename*=UTF-8''%E6%96%87.pdf\r\n\r\n\r\n`
  const parts = await partsOf(chunked(`${part('', 'file', utf8)}${extended}--XX--`))
  expect(parts.map(({ filename }) => filename)).toEqual(['Größe.pdf', '文.pdf'])
})

test('a part that nobody reads is passed over', async () => {
  const names: (string | null)[] = []
  const text = `${part('a'.repeat(1000), 'one')}${part('b', 'two')}--XX--`
  for await (const { name } of readParts(chunked(text, [100, 500]), type)) names.push(name)
  expect(names).toEqual(['one', 'two'])
})

test.each([
  ['ends inside a part', part('abc').slice(0, -3), type],
  ['ends without its closing boundary', part('abc'), type],
  ['has no boundary at all', 'abc', type],
  ['is empty', '', type],
  ['has an endless part header', `--XX\r\n${'a'.repeat(20_000)}`, type],
  [
    'has a part header that is not UTF-8',
    '--XX\r\nContent-Disposition: \xff\r\n\r\nx\r\n--XX--',
    type,
  ],
  ['names no boundary', part('abc'), 'multipart/form-data'],
  [
    'names a boundary that is too long',
    part('abc'),
    `multipart/form-data; boundary=${'x'.repeat(71)}`,
  ],
])('a body that %s is malformed', async (_, text, contentType) => {
  await expect(partsOf(chunked(text, [10]), contentType)).rejects.toMatchObject({
    code: 'malformed',
  })
})

test('what has been read is not kept: a large part passes through a small buffer', async () => {
  const chunk = new Uint8Array(64 * 1024).fill(65)
  let pulled = 0
  const head = bytesOf(part('').slice(0, -2))
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled += 1
        if (pulled === 1) controller.enqueue(head)
        else if (pulled < 400) controller.enqueue(chunk)
        else {
          controller.enqueue(bytesOf('\r\n--XX--'))
          controller.close()
        }
      },
    },
    { highWaterMark: 0 },
  )
  let bytes = 0
  for await (const { body: content } of readParts(body, type)) {
    for await (const piece of content) {
      bytes += piece.byteLength
      // Two chunks ahead at most: one being searched, one queued for the reader.
      expect(pulled * chunk.byteLength - bytes).toBeLessThan(4 * chunk.byteLength)
    }
  }
  expect(bytes).toBe(398 * chunk.byteLength)
})
