import sharp from 'sharp'
import { openDrawing } from './drawing.ts'
import {
  type ChildMessage,
  ExtractionFailure,
  type Picture,
  type PictureMessage,
  type StartMessage,
} from './protocol.ts'

// Text stays sharp at this quality, in a third of the bytes of the best one.
const jpegQuality = 85

/** Draws the pages that are asked for, in their order; a page that cannot be drawn says so alone. */
export async function* drawPictures(
  { path, kind, password }: StartMessage,
  pictures: readonly Picture[],
): AsyncGenerator<ChildMessage> {
  const drawing = await openDrawing({ path, kind, password })
  try {
    for (const picture of pictures) yield await draw(drawing, picture)
  } finally {
    drawing.close()
  }
}

type Drawing = Awaited<ReturnType<typeof openDrawing>>

async function draw(drawing: Drawing, picture: Picture): Promise<PictureMessage> {
  const { number, widthPixels } = picture
  const message = { type: 'picture', ...picture } as const
  try {
    const { width, height, pixels } = await drawing.draw(number, { widthPixels })
    const raw = { width, height, channels: 4 as const }
    const jpeg = await sharp(pixels, { raw })
      .removeAlpha()
      .jpeg({ quality: jpegQuality })
      .toBuffer()
    return { ...message, jpeg, failureCode: null }
  } catch (err) {
    if (err instanceof ExtractionFailure) return { ...message, jpeg: null, failureCode: err.code }
    throw err
  }
}
