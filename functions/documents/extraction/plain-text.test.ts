import { expect, test } from 'vitest'
import { read, temporaryFile } from '../../../test/fixtures/extraction.ts'
import { textPageCharactersMax } from './plain-text.ts'

const readText = async (bytes: Uint8Array | string, options = {}) =>
  (await read(await temporaryFile(bytes), { kind: 'text', ...options })).pages

test.each([
  ['UTF-8', Buffer.from('Größe €')],
  ['UTF-8 with a byte order mark', Buffer.from('\uFEFFGröße €')],
  ['UTF-16 little endian', Buffer.from('\uFEFFGröße €', 'utf16le')],
  ['UTF-16 big endian', Buffer.from('\uFEFFGröße €', 'utf16le').swap16()],
  ['Windows-1252', Buffer.from('4772f6df652080', 'hex')],
])('%s is read as the same text', async (_name, bytes) => {
  expect((await readText(bytes)).map((page) => page.text)).toEqual(['Größe €'])
})

test('pages end at form feeds and have no geometry', async () => {
  const pages = await readText('one\ntwo\n\fthree')
  expect(pages.map((page) => page.text)).toEqual(['one\ntwo\n', 'three'])
  expect(pages[0]).toMatchObject({ number: 1, size: [null, null], words: [] })
})

test('a long text is cut at line ends into pages that together are the text', async () => {
  const text = Array.from({ length: 2_000 }, (_, line) => `line ${line} of a long text\n`).join('')
  const pages = await readText(text)
  expect(pages.length).toBeGreaterThan(5)
  expect(pages.map((page) => page.text).join('')).toBe(text)
  for (const page of pages) {
    expect(page.text.length).toBeLessThanOrEqual(textPageCharactersMax)
    expect(page.text.endsWith('\n')).toBe(true)
  }
})

test('a line without end is cut, but never inside a character', async () => {
  const text = `x${'😀'.repeat(textPageCharactersMax)}`
  const pages = await readText(text)
  expect(pages.map((page) => page.text).join('')).toBe(text)
})

test('NUL is dropped, and an empty file is one empty page', async () => {
  expect((await readText('a\0b')).map((page) => page.text)).toEqual(['ab'])
  expect((await readText('')).map((page) => page.text)).toEqual([''])
})

test('a text of too many pages fails as that', async () => {
  const reading = readText('\f'.repeat(10), { pagesMax: 5 })
  await expect(reading).rejects.toMatchObject({ code: 'too_many_pages' })
})
