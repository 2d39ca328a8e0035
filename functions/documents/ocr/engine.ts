import { mkdtemp, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createWorker, OEM } from 'tesseract.js'
import type { Recognition } from '../extraction/protocol.ts'
import type { Raster } from '../extraction/raster.ts'
import type { RecognizedWord } from './recognized-text.ts'

type GrayPicture = { bytes: Buffer; isBlank: boolean }

// Paper and the noise of a scanner; the faintest print that anybody reads differs by more.
const blankContrastMax = 32
const maxval = 255

/**
 * The lines of words on a drawn page, in reading order; boxes are 0..1 of the picture. An even picture is not read.
 * Nothing but the given files is opened: language data come by their paths, and no cache and no network stands behind.
 * @param path of the document: the engine's folder of languages is made beside it
 */
export async function recognize(
  raster: Raster,
  { recognition, path }: { recognition: Recognition; path: string },
): Promise<RecognizedWord[][]> {
  const { bytes, isBlank } = grayPicture(raster)
  if (isBlank) return []
  const { languages, dpi } = recognition
  const broken = Promise.withResolvers<never>()
  const engine = await Promise.race([
    broken.promise,
    createWorker([...languages], OEM.LSTM_ONLY, {
      langPath: await languageFolder(dirname(path), recognition),
      gzip: true,
      cacheMethod: 'none',
      errorHandler: (err: unknown) => broken.reject(new Error(String(err))),
    }),
  ])
  try {
    await engine.setParameters({ user_defined_dpi: String(dpi) })
    const { data } = await engine.recognize(bytes, {}, { text: false, blocks: true })
    const lines = (data.blocks ?? []).flatMap(({ paragraphs }) =>
      paragraphs.flatMap((paragraph) => paragraph.lines),
    )
    return lines.map(({ words }) => words.map((word) => toWord(word, raster)))
  } finally {
    await engine.terminate()
  }
}

/** The engine asks for `<language>.traineddata.gz` in one folder, and takes what is not compressed under that name too. */
async function languageFolder(
  parent: string,
  { languages, dataPaths }: Recognition,
): Promise<string> {
  const folder = await mkdtemp(join(parent, 'languages-'))
  for (const [index, language] of languages.entries())
    await symlink(dataPaths[index] ?? '', join(folder, `${language}.traineddata.gz`))
  return folder
}

type EngineWord = {
  text: string
  confidence: number
  bbox: { x0: number; y0: number; x1: number; y1: number }
}

function toWord({ text, confidence, bbox }: EngineWord, { width, height }: Raster): RecognizedWord {
  const { x0, y0, x1, y1 } = bbox
  return {
    text,
    confidence,
    box: [x0 / width, y0 / height, (x1 - x0) / width, (y1 - y0) / height],
  }
}

/** A PGM file: what the engine decodes at no cost. */
function grayPicture({ width, height, pixels }: Raster): GrayPicture {
  const header = Buffer.from(`P5\n${width} ${height}\n${maxval}\n`)
  const bytes = Buffer.allocUnsafe(header.length + width * height)
  header.copy(bytes)
  let [darkest, brightest] = [maxval, 0]
  for (let from = 0, to = header.length; to < bytes.length; from += 4, to++) {
    const red = pixels[from] ?? maxval
    // Weights of Rec. 601, in 1/256.
    const gray = (red * 77 + (pixels[from + 1] ?? red) * 150 + (pixels[from + 2] ?? red) * 29) >> 8
    bytes[to] = gray
    if (gray < darkest) darkest = gray
    if (gray > brightest) brightest = gray
  }
  return { bytes, isBlank: brightest - darkest < blankContrastMax }
}
