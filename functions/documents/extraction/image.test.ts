import sharp, { type Sharp } from 'sharp'
import { expect, test } from 'vitest'
import { temporaryFile } from '../../../test/fixtures/extraction.ts'
import { openImage } from './image.ts'

/** Half black, half white: the upper half is black. */
const halves = (width = 40, height = 60): Sharp => {
  const black = { create: { width, height: height / 2, channels: 3, background: 'black' } } as const
  return sharp({ create: { width, height, channels: 3, background: 'white' } }).composite([
    { input: black, left: 0, top: 0 },
  ])
}

/** What a fax or a scanner of letters stores: one bit a pixel. */
async function fax(): Promise<Sharp> {
  const flat = sharp(await halves().removeAlpha().png().toBuffer())
  return flat.toColourspace('b-w').tiff({ compression: 'ccittfax4', bitdepth: 1 })
}

/** An uncompressed TIFF of 8 x 8 gray pixels, big end first, the upper half black. */
function bigEndianTiff(): Buffer {
  const side = 8
  const entries: [tag: number, type: number, value: number][] = [
    ...[256, 257].map((tag): [number, number, number] => [tag, 3, side]),
    ...([
      [258, 3, 8],
      [259, 3, 1],
      [262, 3, 1],
      [277, 3, 1],
      [278, 3, side],
    ] as [number, number, number][]),
  ]
  const directory = Buffer.alloc(2 + (entries.length + 2) * 12 + 4)
  const dataAt = 8 + directory.length
  const all = [...entries, [273, 4, dataAt], [279, 4, side * side]].sort(
    ([a = 0], [b = 0]) => a - b,
  )
  directory.writeUInt16BE(all.length, 0)
  for (const [index, [tag = 0, type = 0, value = 0]] of all.entries()) {
    const at = 2 + index * 12
    directory.writeUInt16BE(tag, at)
    directory.writeUInt16BE(type, at + 2)
    directory.writeUInt32BE(1, at + 4)
    if (type === 3) directory.writeUInt16BE(value, at + 8)
    else directory.writeUInt32BE(value, at + 8)
  }
  const pixels = Buffer.alloc(side * side, 255).fill(0, 0, (side * side) / 2)
  return Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), directory, pixels])
}

test.each([
  ['a fax', fax()],
  ['a TIFF in LZW', halves().tiff({ compression: 'lzw' })],
  ['a TIFF of tiles', halves().tiff({ tile: true, compression: 'deflate' })],
  ['a BigTIFF', halves().tiff({ bigtiff: true })],
  ['a TIFF, big end first', bigEndianTiff()],
  ['a JPEG for print', halves().toColourspace('cmyk').jpeg()],
  ['a PNG with a palette', halves().png({ palette: true })],
  ['a PNG of 16 bits', halves().toColourspace('grey16').png()],
])('%s is drawn as it looks', async (_, made) => {
  const form = await made
  const bytes = Buffer.isBuffer(form) ? form : await form.toBuffer()
  const image = await openImage(await temporaryFile(bytes))
  const { width, height, pixels } = await image.draw(1, { widthPixels: 8 })
  const at = (row: number) => pixels[row * width * 4] ?? -1
  expect([at(0) < 64, at(height - 1) > 192]).toEqual([true, true])
})

test.each([
  ['stated', 144, [20, 30]],
  ['not stated', undefined, [40, 60]],
  ['nonsense', 5_000, [40, 60]],
] as const)(
  'with a resolution that is %s a page has its size in points',
  async (_, density, size) => {
    const picture = density === undefined ? halves() : halves().withMetadata({ density })
    const image = await openImage(await temporaryFile(await picture.jpeg().toBuffer()))
    const { widthPoints, heightPoints } = await image.size(1)
    expect([widthPoints, heightPoints].map(Math.round)).toEqual(size)
  },
)
