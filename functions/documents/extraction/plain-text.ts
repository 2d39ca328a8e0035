import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import {
  type ChildMessage,
  type ExtractedPage,
  ExtractionFailure,
  type StartMessage,
} from './protocol.ts'

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** A page ends at a form feed, else at the last line end before this many characters. */
export const textPageCharactersMax = 6_000

/**
 * Reads plain text or Markdown. The file is read twice, as a stream: the first time for its encoding and the
 * number of pages, so that progress has a total before the first page is stored.
 */
export async function* readPlainText(start: StartMessage): AsyncGenerator<ChildMessage> {
  const encoding = await encodingOf(start.path)
  let pageCount = 0
  for await (const _ of textPages(start.path, encoding)) {
    pageCount += 1
    if (pageCount > start.pagesMax) {
      throw new ExtractionFailure(
        'too_many_pages',
        `The text has more than ${start.pagesMax} pages of ${textPageCharactersMax} characters.`,
      )
    }
  }
  yield { type: 'document', pageCount, title: null, author: null }
  let number = 0
  for await (const text of textPages(start.path, encoding)) {
    number += 1
    if (number >= start.fromPage) yield { type: 'page', page: pageOf(number, text) }
  }
}

function pageOf(number: number, text: string): ExtractedPage {
  return {
    number,
    widthPoints: null,
    heightPoints: null,
    rotation: 0,
    text,
    words: new Uint8Array(),
    confidences: null,
    textChoice: 'text_layer',
    textReason: text.trim() === '' ? 'blank' : 'has_text',
    failureCode: null,
  }
}

/** By byte order mark; else UTF-8 when all bytes say so; else the Latin alphabet of Windows, which reads any bytes. */
async function encodingOf(path: string): Promise<Encoding> {
  const file = await open(path, 'r')
  const { buffer } = await file.read(Buffer.alloc(3), 0, 3, 0).finally(() => file.close())
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return 'utf-16le'
  if (buffer[0] === 0xfe && buffer[1] === 0xff) return 'utf-16be'
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const chunk of createReadStream(path)) decoder.decode(chunk, { stream: true })
    decoder.decode()
    return 'utf-8'
  } catch {
    // The only error is the decoder's: these bytes are not UTF-8.
    return 'windows-1252'
  }
}

/** Pages one after the other; an empty file is one empty page. */
async function* textPages(path: string, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding)
  let rest = ''
  let pages = 0
  for await (const chunk of createReadStream(path)) {
    const { complete, remainder } = splitPages(
      rest + clean(decoder.decode(chunk, { stream: true })),
    )
    for (const page of complete) yield page
    pages += complete.length
    rest = remainder
  }
  rest += clean(decoder.decode())
  if (rest !== '' || pages === 0) yield rest.toWellFormed()
}

const clean = (text: string) => text.replaceAll('\0', '')

function splitPages(text: string): { complete: string[]; remainder: string } {
  const complete: string[] = []
  let from = 0
  for (;;) {
    const feed = text.indexOf('\f', from)
    const isFeed = feed !== -1 && feed - from <= textPageCharactersMax
    if (!isFeed && text.length - from <= textPageCharactersMax) break
    const end = isFeed ? feed : lineEndBefore(text, from)
    complete.push(text.slice(from, end).toWellFormed())
    from = isFeed ? feed + 1 : end
  }
  return { complete, remainder: text.slice(from) }
}

/** Just after the last line break of the page, or where the page is full, never inside a character. */
function lineEndBefore(text: string, from: number): number {
  const full = from + textPageCharactersMax
  const lineEnd = text.lastIndexOf('\n', full - 1)
  if (lineEnd >= from) return lineEnd + 1
  const isSplitPair = /[\uD800-\uDBFF]/.test(text.charAt(full - 1))
  return isSplitPair ? full - 1 : full
}
