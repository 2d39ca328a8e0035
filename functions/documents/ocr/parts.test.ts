import { crc32 } from 'node:zlib'
import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentPages, jobHistory } from '../../../db/schema/index.ts'
import { makePdf, type PdfPage } from '../../../test/fixtures/pdf.ts'
import { drawn, ocr, reading, recognitionMs, scanOf } from '../../../test/fixtures/scans.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import { bodyOf } from '../../../test/harness/requests.ts'

type World = Awaited<ReturnType<typeof reading>>

const small = (text: string): PdfPage => ({
  ...{ width: 300, height: 100 },
  text: [{ x: 40, y: 40, size: 24, text }],
})
const scanned = async (text: string): Promise<PdfPage> => ({
  ...{ width: 300, height: 100 },
  scan: await scanOf(small(text)),
})

/** The pages of a document as they are stored, with what shows whether a row was written again. */
async function storedPages({ db, tenant }: World, id: string) {
  const { number, text, pending, failureCode, textReason } = documentPages
  return db
    .select({ number, text, pending, failureCode, textReason, xmin: sql<string>`xmin::text` })
    .from(documentPages)
    .where(and(eq(documentPages.tenantId, tenant.id), eq(documentPages.documentId, id)))
    .orderBy(number)
}

test('pages that fail are recorded alone, and are read again alone', {
  timeout: recognitionMs,
}, async () => {
  const settings = { ...ocr, deadlineMs: 1 }
  const world = await reading({ ocr: settings })
  const pages = [small('typed'), await scanned('harbour'), await scanned('lighthouse')]
  const { id, ...first } = await world.readWhole(makePdf(pages))
  expect(first).toMatchObject({ status: 'completed', progress: { done: 3, total: 3 } })
  const before = await storedPages(world, id)
  expect(before.map(({ failureCode }) => failureCode)).toEqual([null, 'timeout', 'timeout'])

  settings.deadlineMs = recognitionMs
  const answer = await world.post(`/v1/documents/${id}/reprocess?pages=unread`)
  expect(answer.status).toBe(202)
  expect(await bodyOf(answer)).toMatchObject({ status: 'pending', progress: { done: 1, total: 3 } })
  expect(await world.ended(id)).toMatchObject({
    status: 'completed',
    progress: { done: 3, total: 3 },
  })
  const after = await storedPages(world, id)
  expect(after.map(({ text, failureCode }) => [text, failureCode])).toEqual([
    ['typed', null],
    ['harbour', null],
    ['lighthouse', null],
  ])
  expect(after[0]?.xmin).toBe(before[0]?.xmin)
  const again = await world.post(`/v1/documents/${id}/reprocess?pages=unread`)
  expect(await bodyOf(again)).toMatchObject({ status: 409, code: 'conflict' })
})

test('a document of which no picture could be read fails, and says why', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading({ ocr: { ...ocr, deadlineMs: 1 } })
  const { picture } = await drawn(small('harbour'))
  const document = await world.readWhole(await picture.png().toBuffer())
  expect(document).toMatchObject({ status: 'failed', failure: { code: 'timeout' } })
})

test('a TIFF file has its pages, and those over the limit say that they were not read', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading({ ocr: { ...ocr, pagesMax: 1 } })
  const pictures = await Promise.all(
    ['harbour', 'lighthouse'].map(async (text) =>
      (await drawn(small(text))).picture.png().toBuffer(),
    ),
  )
  const { default: sharp } = await import('sharp')
  const tiff = await sharp(pictures, { join: { animated: true } })
    .tiff({ xres: 8, yres: 8 })
    .toBuffer()
  const document = await world.readWhole(tiff)
  expect(document).toMatchObject({ kind: 'image', media_type: 'image/tiff', page_count: 2 })
  const pages = await storedPages(world, document.id)
  expect(pages.map(({ text, textReason }) => [text, textReason])).toEqual([
    ['harbour', 'image'],
    ['', 'over_ocr_page_limit'],
  ])
})

test('a document of text does not wait for pictures that are being read', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const pictures = await world.upload(
    makePdf(await Promise.all(['harbour', 'zeppelin'].map(scanned))),
  )
  await eventually(
    'the first picture is read',
    async () => (await world.document(pictures.id)).status === 'processing',
  )
  const typed = await world.readWhole(makePdf([small('typed')]))
  const read = await world.ended(pictures.id)
  expect([typed.status, read.status]).toEqual(['completed', 'completed'])
  expect(typed.updated_at < read.updated_at).toBe(true)
})

test('with recognition switched off pages keep what text they have, and say so', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading({ ocr: null })
  const document = await world.readWhole(makePdf([small('typed'), await scanned('harbour')]))
  expect(document).toMatchObject({
    status: 'completed',
    text_source: { choice: 'text_layer', reason: 'pages_differ' },
  })
  const pages = await storedPages(world, document.id)
  expect(pages.map(({ textReason }) => textReason)).toEqual(['has_text', 'ocr_off'])
})

/** A PNG of a few bytes that says how large it is. */
function announced(png: Buffer, width: number, height: number): Buffer {
  const bytes = Buffer.from(png)
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29)
  return bytes
}

test('an image that announces more pixels than may be read is refused unread, a broken one is damaged', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const { picture } = await drawn(small('harbour'))
  const png = await picture.png().toBuffer()
  const [bomb, cut] = await Promise.all([
    world.readWhole(announced(png, 60_000, 60_000)),
    world.readWhole(png.subarray(0, 600)),
  ])
  expect(bomb).toMatchObject({ status: 'failed', failure: { code: 'unsupported' } })
  expect(bomb.failure?.message).toContain('60000 x 60000 pixels')
  expect(cut).toMatchObject({ status: 'failed', failure: { code: 'damaged' } })
})

test('a document that is cancelled while its pictures are read stops at once, and can be read on', {
  timeout: recognitionMs,
}, async () => {
  const world = await reading()
  const pages = await Promise.all(['harbour', 'lighthouse', 'zeppelin'].map(scanned))
  const { id, job_id } = await world.upload(makePdf(pages))
  await eventually('one picture is read', async () => {
    const { progress } = await world.document(id)
    return progress.done === 1
  })
  const askedAt = performance.now()
  expect((await world.post(`/v1/documents/${id}/cancel`)).status).toBe(202)
  const cancelled = await world.document(id)
  expect(cancelled).toMatchObject({ status: 'cancelled', progress: { done: 1, total: 3 } })
  const parts = and(eq(jobHistory.tenantId, world.tenant.id), eq(jobHistory.batchId, job_id))
  const ends = await eventually('all parts have ended', async () => {
    const found = await world.db.select({ status: jobHistory.status }).from(jobHistory).where(parts)
    return found.length === 3 && found.map(({ status }) => status).sort()
  })
  console.log(`cancel: parts ended after ${Math.round(performance.now() - askedAt)} ms`)
  expect(ends).toEqual(['cancelled', 'cancelled', 'completed'])
  const before = await storedPages(world, id)
  expect(before.filter(({ pending }) => pending)).toHaveLength(2)

  expect((await world.post(`/v1/documents/${id}/reprocess?pages=unread`)).status).toBe(202)
  expect(await world.ended(id)).toMatchObject({
    status: 'completed',
    progress: { done: 3, total: 3 },
  })
  const after = await storedPages(world, id)
  expect(after.map(({ text }) => text)).toEqual(['harbour', 'lighthouse', 'zeppelin'])
  const done = before.find(({ pending }) => !pending)
  expect(after[(done?.number ?? 0) - 1]?.xmin).toBe(done?.xmin)
})
