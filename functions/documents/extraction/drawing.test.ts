import sharp from 'sharp'
import { expect, test } from 'vitest'
import type { Box } from '../../../domain/documents/words.ts'
import { read, temporaryFile } from '../../../test/fixtures/extraction.ts'
import { makePdf, type PdfPage } from '../../../test/fixtures/pdf.ts'
import { openDrawing } from './drawing.ts'
import { drawnPixelsMax, type Raster, rasterSize } from './raster.ts'

const text = [{ x: 60, y: 700, size: 20, text: 'Turn' }]
const pdf = { kind: 'pdf', password: null } as const
const image = { kind: 'image', password: null } as const

const isDark = ({ pixels }: Raster, pixel: number) => (pixels[pixel * 4] ?? 255) < 128

/** Dark pixels of the whole picture, and how many of them lie inside the box or within a pixel of it. */
function darkPixels(raster: Raster, [x, y, width, height]: Box) {
  const counts = { all: 0, inside: 0 }
  const within = (value: number, from: number, extent: number, side: number) =>
    value >= Math.floor(from * side) - 1 && value <= Math.ceil((from + extent) * side)
  for (let pixel = 0; pixel < raster.width * raster.height; pixel++) {
    if (!isDark(raster, pixel)) continue
    const [column, row] = [pixel % raster.width, Math.floor(pixel / raster.width)]
    counts.all += 1
    if (within(column, x, width, raster.width) && within(row, y, height, raster.height))
      counts.inside += 1
  }
  return counts
}

async function drawPage(page: PdfPage) {
  const path = await temporaryFile(makePdf([page]))
  const { pages } = await read(path)
  const drawing = await openDrawing({ path, ...pdf })
  const raster = await drawing.draw(1, { widthPixels: 500 })
  drawing.close()
  return { raster, word: pages[0]?.words[0]?.box as Box }
}

test.each([
  [{ text }, 667],
  [{ text, rotate: 90 }, 375],
  [{ text, rotate: 180 }, 667],
  [{ text, rotate: 270 }, 375],
  [{ text, rotate: 90, cropBox: [40, 100, 340, 760] }, 227],
] as const)('the ink of the drawn page %j is in the box of its word', async (page, height) => {
  const { raster, word } = await drawPage(page)
  expect([raster.width, raster.height]).toEqual([500, height])
  const dark = darkPixels(raster, word)
  expect(dark.all).toBeGreaterThan(20)
  expect(dark.inside).toBe(dark.all)
})

test('a page is drawn at the resolution asked for, and never with more pixels than one may have', async () => {
  const path = await temporaryFile(makePdf([{ text }, { width: 10_000, height: 20_000 }]))
  const drawing = await openDrawing({ path, ...pdf })
  const fine = await drawing.draw(1, { dpi: 144 })
  expect([fine.width, fine.height, fine.pixels.length]).toEqual([1200, 1600, 1200 * 1600 * 4])
  const huge = rasterSize({ widthPoints: 10_000, heightPoints: 20_000 }, { dpi: 300 })
  expect(huge.width * huge.height).toBeLessThanOrEqual(drawnPixelsMax + huge.width + huge.height)
  expect(rasterSize({ widthPoints: 1e6, heightPoints: 1 }, { dpi: 72 })).toEqual({
    width: 20_000,
    height: 1,
  })
  drawing.close()
})

test('a page that is no page is damaged alone', async () => {
  const path = await temporaryFile(makePdf([{ isBroken: true }, { text }]))
  const drawing = await openDrawing({ path, ...pdf })
  await expect(drawing.draw(1, { dpi: 72 })).rejects.toMatchObject({ code: 'damaged' })
  expect((await drawing.draw(2, { dpi: 72 })).width).toBe(600)
})

/** White with one black corner: the left half of the top. */
const corner = () => {
  const black = { create: { width: 20, height: 10, channels: 3, background: 'black' } } as const
  return sharp({ create: { width: 40, height: 60, channels: 3, background: 'white' } }).composite([
    { input: black, left: 0, top: 0 },
  ])
}

test('an image is drawn upright, as its EXIF orientation says', async () => {
  const stored = await corner().withMetadata({ orientation: 6, density: 144 }).jpeg().toBuffer()
  const drawing = await openDrawing({ path: await temporaryFile(stored), ...image })
  const raster = await drawing.draw(1, { dpi: 144 })
  drawing.close()
  expect([raster.width, raster.height]).toEqual([60, 40])
  // A quarter turn clockwise brings the top left corner to the top right.
  expect([isDark(raster, 2), isDark(raster, 60 * 5 + 55), isDark(raster, 60 * 35 + 55)]).toEqual([
    false,
    true,
    false,
  ])
})

test('what is transparent is drawn on white, and 16 bits become 8', async () => {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 }
  const stored = await sharp({ create: { width: 8, height: 8, channels: 4, background: clear } })
    .toColourspace('rgb16')
    .png()
    .toBuffer()
  const drawing = await openDrawing({ path: await temporaryFile(stored), ...image })
  const raster = await drawing.draw(1, { widthPixels: 4 })
  expect([...new Set(raster.pixels)]).toEqual([255])
  expect(raster.pixels).toHaveLength(4 * 4 * 4)
})

test('an image that is cut off is damaged, and so are bytes that are no image', async () => {
  const stored = await corner().png().toBuffer()
  const cut = await temporaryFile(stored.subarray(0, stored.length - 40))
  const drawing = await openDrawing({ path: cut, ...image })
  await expect(drawing.draw(1, { dpi: 72 })).rejects.toMatchObject({ code: 'damaged' })
  const noImage = openDrawing({ path: await temporaryFile('no image'), ...image })
  await expect(noImage).rejects.toMatchObject({ code: 'damaged' })
})
