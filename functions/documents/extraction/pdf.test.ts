import { expect, test } from 'vitest'
import { boxesOfRange } from '../../../domain/documents/words.ts'
import {
  corpusFolder,
  corpusMissing,
  corpusNames,
  corpusPath,
} from '../../../test/fixtures/corpus.ts'
import { type ReadPage, read, temporaryFile } from '../../../test/fixtures/extraction.ts'
import { makePdf, type PdfPage } from '../../../test/fixtures/pdf.ts'

const readPdf = async (pages: readonly PdfPage[], options = {}) =>
  read(await temporaryFile(makePdf(pages, options)))

function wordBox(page: ReadPage | undefined, text: string): number[] {
  const word = page?.words.find((candidate) => candidate.text === text)
  if (!word)
    throw new Error(`${text} is no word of: ${page?.words.map((one) => one.text).join(' ')}`)
  return word.box
}

const center = ([x = 0, y = 0, width = 0, height = 0]: number[]) => [x + width / 2, y + height / 2]
const near = (value: number) => expect.closeTo(value, 1) // within a twentieth of the page

function expectInside(pages: readonly ReadPage[]): void {
  for (const { number, words } of pages) {
    const outside = words.filter(({ box: [x, y, width, height] }) => {
      const isInside = x >= 0 && y >= 0 && x + width <= 1 && y + height <= 1
      return !isInside || width <= 0 || height <= 0
    })
    expect(outside, `page ${number}`).toEqual([])
  }
}

test('text, words, size and metadata of a page come out as they were written', async () => {
  const text = { x: 60, y: 700, size: 20, text: 'Hello (world) again' }
  const { header, pages } = await readPdf([{ text: [text] }], {
    title: 'Größe',
    author: 'A. Writer',
  })
  expect(header).toEqual({ type: 'document', pageCount: 1, title: 'Größe', author: 'A. Writer' })
  expect(pages[0]).toMatchObject({ number: 1, text: 'Hello (world) again', size: [600, 800] })
  expect(pages[0]?.words.map((word) => word.text)).toEqual(['Hello', '(world)', 'again'])
  const [x = 0, y = 0, , height = 0] = wordBox(pages[0], 'Hello')
  expect([x, y + height]).toEqual([expect.closeTo(0.1, 2), expect.closeTo(1 - 700 / 800, 2)])
})

test.each([
  [0, [600, 800], [0.125, 0.115]],
  [90, [800, 600], [0.885, 0.125]],
  [180, [600, 800], [0.875, 0.885]],
  [270, [800, 600], [0.115, 0.875]],
] as const)(
  'on a page turned by %i degrees boxes lie where the words are seen',
  async (rotate, size, at) => {
    const text = [{ x: 60, y: 700, size: 20, text: 'Turn' }]
    const { pages } = await readPdf([{ rotate, text }])
    expect(pages[0]).toMatchObject({ rotation: rotate, size })
    expect(center(wordBox(pages[0], 'Turn'))).toEqual([near(at[0]), near(at[1])])
    expectInside(pages)
  },
)

test('a crop box is the page: boxes are measured from it and what it hides has none', async () => {
  const text = [
    { x: 280, y: 396, size: 10, text: 'middle' },
    { x: 10, y: 10, size: 10, text: 'hidden' },
  ]
  const { pages } = await readPdf([{ cropBox: [100, 100, 500, 700], text }])
  expect(pages[0]?.size).toEqual([400, 600])
  expect(center(wordBox(pages[0], 'middle'))).toEqual([near(0.5), near(0.5)])
  expect(pages[0]?.words.map((word) => word.text)).toEqual(['middle'])
})

test('a page that cannot be read is marked, and the others are read', async () => {
  const text = (words: string) => [{ x: 60, y: 700, size: 20, text: words }]
  const { pages } = await readPdf([
    { text: text('one') },
    { isBroken: true },
    { text: text('three') },
  ])
  expect(pages.map(({ text, failureCode }) => [text, failureCode])).toEqual([
    ['one', null],
    ['', 'damaged'],
    ['three', null],
  ])
})

test('a protected file is opened by its password alone', async () => {
  const page = { text: [{ x: 60, y: 700, size: 20, text: 'Secret' }] }
  const path = await temporaryFile(makePdf([page], { password: 'sesame' }))
  await expect(read(path)).rejects.toMatchObject({ code: 'encrypted' })
  await expect(read(path, { password: 'wrong' })).rejects.toMatchObject({ code: 'encrypted' })
  expect((await read(path, { password: 'sesame' })).pages[0]?.text).toBe('Secret')
})

test('more pages than allowed are a failure of the document, and so are bytes that are no PDF', async () => {
  const path = await temporaryFile(makePdf([{}, {}, {}]))
  await expect(read(path, { pagesMax: 2 })).rejects.toMatchObject({ code: 'too_many_pages' })
  await expect(read(await temporaryFile('%PDF-1.4 no'))).rejects.toMatchObject({ code: 'damaged' })
})

test('reading may begin at a later page', async () => {
  const path = await temporaryFile(makePdf([{}, {}, {}]))
  const { header, pages } = await read(path, { fromPage: 3 })
  expect(header?.pageCount).toBe(3)
  expect(pages.map((page) => page.number)).toEqual([3])
})

test('every sample file is read, or fails with a reason, and all its boxes lie inside the page', {
  timeout: 90_000, // two dozen processes
}, async ({ skip }) => {
  if (corpusFolder === null) skip(corpusMissing)
  const failures: Record<string, unknown> = {}
  for (const name of corpusNames()) {
    const outcome = await read(corpusPath(name)).catch((err) => err)
    if (outcome instanceof Error) failures[name] = Reflect.get(outcome, 'code')
    else expectInside(outcome.pages)
  }
  expect(failures).toEqual({
    'libreoffice-writer-password.pdf': 'encrypted',
    'print_protection.pdf': 'encrypted',
  })
})

test('a phrase of page 3 of a paper is found there, with boxes on the words', async ({ skip }) => {
  if (corpusFolder === null) skip(corpusMissing)
  const { pages } = await read(corpusPath('tracemonkey.pdf'))
  expect(pages).toHaveLength(14)
  const page = pages[2]
  const phrase = 'load primes from the trace activation record'
  const start = page?.text.indexOf(phrase) ?? -1
  const boxes = boxesOfRange(page?.words ?? [], start, start + phrase.length)
  expect(boxes).toHaveLength(7)
  // Where pdf.js puts this line: x from 167 to 388 points, on the base line 713.8, 9 points high, on US letter.
  for (const [x, y, width, height] of boxes) {
    expect(x * 612).toBeGreaterThan(167)
    expect((x + width) * 612).toBeLessThan(389)
    expect((1 - y) * 792).toBeLessThan(713.8 + 9)
    expect((1 - y - height) * 792).toBeGreaterThan(713.8 - 3)
  }
})

test('a raised sign breaks no line, and a word broken by a hyphen is whole in the text', async ({
  skip,
}) => {
  if (corpusFolder === null) skip(corpusMissing)
  const [first] = (await read(corpusPath('tracemonkey.pdf'))).pages
  expect(first?.text).toContain('Brendan Eich∗, Mike Shaver∗, David Anderson∗')
  expect(first?.text).toContain(
    'we present an alternative compilation technique'.replace('we', 'We'),
  )
})

test('right-to-left text is in reading order and ligatures are letters', async ({ skip }) => {
  if (corpusFolder === null) skip(corpusMissing)
  const arabic = await read(corpusPath('ArabicCIDTrueType.pdf'))
  expect(arabic.pages[0]?.text.split('\n')[0]).toBe('انواع الخطوط العربية')
  const [first, second] = arabic.pages[0]?.words ?? []
  expect(first?.box[0]).toBeGreaterThan(second?.box[0] ?? 1) // the first word stands at the right
  const ligatures = await read(corpusPath('copy_paste_ligatures.pdf'))
  expect(ligatures.pages[0]?.text).toBe('abcdeffffiflffifflſtstghijklmno')
})
