import { packConfidences, packWords, unpackWords } from '../../../domain/documents/words.ts'
import { drawPdfPage } from '../extraction/drawing.ts'
import { imagePage, openImage } from '../extraction/image.ts'
import { openPdfPages, readPage } from '../extraction/pdf.ts'
import {
  type ChildMessage,
  type ExtractedPage,
  ExtractionFailure,
  type Recognition,
  type StartMessage,
} from '../extraction/protocol.ts'
import type { Raster } from '../extraction/raster.ts'
import { withoutRecognition } from '../extraction/text-source.ts'
import { recognize } from './engine.ts'
import { mixedText } from './mixing.ts'
import { type RecognizedWord, recognizedText } from './recognized-text.ts'
import { recognitionScale } from './scale.ts'

type OpenPage = { layer: ExtractedPage; draw(): Promise<Raster> }

/**
 * Reads one page anew, and its picture too when its text does not come from the text layer alone.
 * @throws {ExtractionFailure} this page cannot be read
 */
export async function* readOnePage(
  start: StartMessage,
  recognition: Recognition | null,
): AsyncGenerator<ChildMessage> {
  const { layer, draw } = await openPage(start, recognition?.dpi ?? 0)
  if (recognition === null || layer.failureCode !== null || layer.textChoice === 'text_layer') {
    yield { type: 'page', page: withoutRecognition(layer) }
    return
  }
  const lines = await recognize(await draw(), { recognition, path: start.path })
  yield { type: 'page', page: withRecognized(layer, lines) }
}

async function openPage(start: StartMessage, dpi: number): Promise<OpenPage> {
  const { kind, path, password, fromPage: number } = start
  if (kind === 'image') {
    const image = await openImage(path)
    const size = await image.size(number)
    const scale = recognitionScale(size, { nativeDpi: size.nativeDpi, dpi })
    return { layer: imagePage(number, size), draw: () => image.draw(number, scale) }
  }
  const { pdfium, document } = await openPdfPages(path, password)
  const layer = readPage(pdfium, document, number)
  const draw = async () => {
    const { widthPoints, heightPoints } = layer
    if (!widthPoints || !heightPoints)
      throw new ExtractionFailure('damaged', 'The page has no size.')
    const scale = recognitionScale({ widthPoints, heightPoints }, { nativeDpi: null, dpi })
    return drawPdfPage(pdfium, document, { number, scale })
  }
  return { layer, draw }
}

function withRecognized(
  layer: ExtractedPage,
  lines: readonly (readonly RecognizedWord[])[],
): ExtractedPage {
  const isMixed = layer.textChoice === 'mixed'
  const { text, words, confidences } = isMixed
    ? mixedText({ text: layer.text, words: unpackWords(layer.words) }, lines)
    : recognizedText(lines)
  const source = { textChoice: 'ocr', textReason: 'nothing_recognized' } as const
  return {
    ...layer,
    ...(!isMixed && text === '' && source),
    text,
    words: packWords(words),
    confidences: packConfidences(confidences),
  }
}
