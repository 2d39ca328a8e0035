import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Box } from '../../../domain/documents/words.ts'
import { makePdf, type PdfPage } from '../../../test/fixtures/pdf.ts'
import {
  drawn,
  letterOf,
  overlap,
  reading,
  recognitionMs,
  scanOf,
  trueBoxes,
} from '../../../test/fixtures/scans.ts'
import { bodyOf } from '../../../test/harness/requests.ts'

type Hit = { document_id: string; page: number; boxes: Box[] }
type Page = {
  number: number
  width_points: number
  height_points: number
  rotation: number
  text: string
  text_source: { choice: string; reason: string } | null
  failure: { code: string } | null
}
type Words = { items: { text: string; box: Box; confidence: number | null }[] }

type World = Awaited<ReturnType<typeof reading>>

async function find({ get }: World, word: string): Promise<Hit | undefined> {
  const { items } = await bodyOf<{ items: Hit[] }>(await get(`/v1/search?q=${word}`))
  return items[0]
}

const pageOf = async ({ get }: World, id: string, number: number) =>
  bodyOf<Page>(await get(`/v1/documents/${id}/pages/${number}`))
const wordsOf = async ({ get }: World, id: string, number: number) =>
  (await bodyOf<Words>(await get(`/v1/documents/${id}/pages/${number}/words`))).items

const letter = letterOf(
  'The zeppelin left the harbour',
  'quarterly figures of the company',
  'before noon',
)
const sealed = letterOf('sealed by the notary')

test('a scanned page is found by its words, with the boxes on them', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const { picture } = await drawn(letter)
  const document = await world.readWhole(await picture.png().toBuffer())
  expect(document).toMatchObject({
    kind: 'image',
    media_type: 'image/png',
    status: 'completed',
    page_count: 1,
    progress: { done: 1, total: 1 },
    text_source: { choice: 'ocr', reason: 'image' },
  })
  const page = await pageOf(world, document.id, 1)
  expect(page).toMatchObject({ text_source: { choice: 'ocr', reason: 'image' }, rotation: 0 })
  expect([page.width_points, page.height_points].map(Math.round)).toEqual([420, 240])
  expect(page.text.split('\n')).toEqual(letter.text?.map(({ text }) => text))
  const shares: number[] = []
  for (const [word, box] of await trueBoxes(letter)) {
    if (word.length < 5) continue // too common to be searched for
    const hit = await find(world, word)
    expect(hit).toMatchObject({ document_id: document.id, page: 1 })
    shares.push(Math.max(...(hit?.boxes ?? []).map((found) => overlap(found, box))))
  }
  expect(shares.length).toBeGreaterThan(5)
  expect(Math.min(...shares)).toBeGreaterThan(0.5)
  console.log(`scan: words=${shares.length} least overlap=${Math.min(...shares).toFixed(2)}`)
  const confidences = (await wordsOf(world, document.id, 1)).map((word) => word.confidence)
  expect(confidences.every((value) => value !== null && value > 0.5 && value <= 1)).toBe(true)
})

test('each page of a PDF file is read as it needs, and says so', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const stamp = { x: 300, y: 215, size: 12, text: 'Exhibit 7' }
  const pages: PdfPage[] = [
    { ...letter, text: [], scan: await scanOf(letter) },
    { ...sealed, scan: await scanOf(sealed), text: [stamp] },
    letter,
    {},
  ]
  const document = await world.readWhole(makePdf(pages))
  expect(document).toMatchObject({ status: 'completed', progress: { done: 4, total: 4 } })
  expect(document.text_source).toEqual({ choice: 'mixed', reason: 'pages_differ' })
  const read = await Promise.all([1, 2, 3, 4].map((number) => pageOf(world, document.id, number)))
  expect(read.map(({ text_source }) => Object.values(text_source ?? {}))).toEqual([
    ['ocr', 'no_text'],
    ['mixed', 'little_text_and_a_large_image'],
    ['text_layer', 'has_text'],
    ['text_layer', 'blank'],
  ])
  expect(read.map(({ text }) => text)).toEqual([
    letter.text?.map(({ text }) => text).join('\n'),
    'Exhibit 7\nsealed by the notary',
    expect.stringContaining('zeppelin'),
    '',
  ])
  const mixed = await wordsOf(world, document.id, 2)
  expect(mixed.map(({ text, confidence }) => [text, confidence === null])).toEqual([
    ['Exhibit', true],
    ['7', true],
    ['sealed', false],
    ['by', false],
    ['the', false],
    ['notary', false],
  ])
  const notary = (await trueBoxes(sealed)).get('notary') as Box
  const hit = await find(world, 'notary')
  expect(hit).toMatchObject({ document_id: document.id, page: 2 })
  expect(overlap(hit?.boxes[0] as Box, notary)).toBeGreaterThan(0.5)
})

test('a photo that was turned, and a picture without a word, are read upright and said to be empty', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const { picture } = await drawn({
    width: 400,
    height: 200,
    text: [{ x: 40, y: 100, size: 24, text: 'lighthouse keeper' }],
  })
  // Stored a quarter turn to the left, to be shown turned to the right.
  const turned = await sharp(await picture.png().toBuffer())
    .rotate(270)
    .withMetadata({ orientation: 6, density: 200 })
    .jpeg()
    .toBuffer()
  const even = { create: { width: 300, height: 300, channels: 3, background: '#eee' } } as const
  const [photo, blank] = await Promise.all([
    world.readWhole(turned),
    world.readWhole(await sharp(even).tiff().toBuffer()),
  ])
  expect(await pageOf(world, photo.id, 1)).toMatchObject({
    text: 'lighthouse keeper',
    rotation: 90,
  })
  expect(photo.media_type).toBe('image/jpeg')
  expect(blank).toMatchObject({ status: 'completed', media_type: 'image/tiff' })
  expect(await pageOf(world, blank.id, 1)).toMatchObject({
    text: '',
    text_source: { choice: 'ocr', reason: 'nothing_recognized' },
    failure: null,
    width_points: 300,
  })
})
