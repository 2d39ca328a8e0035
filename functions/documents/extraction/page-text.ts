import type { Box, Word } from '../../../domain/documents/words.ts'
import { pageCharactersMax } from './protocol.ts'

/** `[left, top, right, bottom]`, in any unit, y downwards. */
export type Edges = [left: number, top: number, right: number, bottom: number]

/** One character as the engine reports it, in the engine's reading order. */
export type Glyph = {
  code: number // Unicode code point
  ink: Edges | null // where it is on the page, in 0..1 of the page
  endsLineByHyphen: boolean
}

export type GlyphSource = {
  count: number
  glyph(index: number): Glyph
  /** Ascent to descent of one glyph in the page's own unit, unrotated; asked for only at line ends. */
  line(index: number): Edges
}

type Separator = '' | ' ' | '\n'

const isLetter = /^\p{L}$/u
const isLowerCase = /^\p{Ll}$/u
const isSpace = /^[\s\p{Z}]$/u
// Written without spaces: each character is a word of its own, or a whole line would be one box.
const unspaced = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}]$/u
// The first of those scripts begins at U+0E00; a pattern for each letter of a Latin page costs more than reading it.
const isUnspaced = (text: string) => text.charCodeAt(0) >= 0x0e00 && unspaced.test(text)
const isLigature = (code: number) => code >= 0xfb00 && code <= 0xfb06
// Nothing that text should hold: NUL, lone surrogates, noncharacters. Other controls only separate.
const isJunk = (code: number) =>
  code === 0 || (code >= 0xd800 && code <= 0xdfff) || (code & 0xfffe) === 0xfffe || code > 0x10ffff
const isControl = (code: number) => code < 0x20 || (code >= 0x7f && code < 0xa0)

/**
 * Text and words of one page. Words are parted by one space or one line break; a word that a hyphen broke
 * over two lines is joined in the text and stays two words, each with the box of its own piece.
 */
export function pageText(source: GlyphSource): { text: string; words: Word[] } {
  const page = new PageText()
  let last = -1 // the glyph before, blanks left out
  for (let index = 0; index < source.count && page.length < pageCharactersMax; index++) {
    const { code, ink, endsLineByHyphen } = source.glyph(index)
    if (endsLineByHyphen) {
      page.hyphen(ink)
      last = index
      continue
    }
    const text = characterOf(code)
    if (text === null) continue
    if (text === ' ' || text === '\n') page.separate(text)
    else {
      if (page.separator === '\n' && last >= 0) page.separator = lineEnd(source, last, index)
      page.add(text, ink)
      last = index
    }
  }
  return page.end()
}

function characterOf(code: number): string | null {
  if (code > 0x20 && code < 0x7f) return String.fromCharCode(code)
  if (isJunk(code)) return null
  if (code === 0x0a || code === 0x0d) return '\n'
  if (isControl(code)) return ' '
  const text = String.fromCodePoint(code)
  if (isSpace.test(text)) return ' '
  return isLigature(code) ? text.normalize('NFKC') : text
}

/**
 * A raised or lowered glyph makes the engine see a new line; when the next glyph stands right beside the last
 * one on the same line, there is none.
 */
function lineEnd(source: GlyphSource, lastIndex: number, nextIndex: number): Separator {
  const last = source.line(lastIndex)
  const next = source.line(nextIndex)
  const height = Math.min(last[3] - last[1], next[3] - next[1])
  const shared = Math.min(last[3], next[3]) - Math.max(last[1], next[1])
  const gap = next[0] - last[2]
  if (height <= 0 || shared < height * 0.6 || gap < -0.2 * height || gap > 0.6 * height) return '\n'
  return gap < 0.15 * height ? '' : ' '
}

/** The text so far, and the word that is being written. */
class PageText {
  separator: Separator = ''
  private parts: string[] = []
  private words: Word[] = []
  private wordStart = 0
  private wordEdges: Edges | null = null
  private lastCharacter = ''
  private hyphenInk: Edges | null | undefined // undefined: no hyphen is waiting
  length = 0

  add(text: string, ink: Edges | null): void {
    if (this.hyphenInk !== undefined) this.resolveHyphen(text)
    if (this.separator !== '' && this.length > 0) {
      this.endWord()
      this.append(this.separator)
      this.wordStart = this.length
    }
    this.separator = ''
    if (isUnspaced(text) || isUnspaced(this.lastCharacter)) this.endWord()
    this.append(text)
    this.wordEdges = union(this.wordEdges, ink)
  }

  separate(separator: ' ' | '\n'): void {
    if (this.hyphenInk === undefined && this.separator !== '\n') this.separator = separator
  }

  hyphen(ink: Edges | null): void {
    if (this.separator === '') {
      this.hyphenInk = ink
      return
    }
    this.add('-', ink) // after a blank it is a dash, not the end of a broken word
    this.separator = '\n'
  }

  end(): { text: string; words: Word[] } {
    if (this.hyphenInk !== undefined) this.resolveHyphen('')
    this.endWord()
    return { text: this.parts.join(''), words: this.words }
  }

  /** "exam-" + "ple" is one word in the text; "Franco-" + "German" keeps its hyphen and the line break. */
  private resolveHyphen(next: string): void {
    const ink = this.hyphenInk ?? null
    this.hyphenInk = undefined
    if (isLetter.test(this.lastCharacter) && isLowerCase.test(next)) {
      this.endWord()
      return
    }
    this.append('-')
    this.wordEdges = union(this.wordEdges, ink)
    this.separator = '\n'
  }

  private append(text: string): void {
    this.parts.push(text)
    this.length += text.length
    this.lastCharacter = text
  }

  private endWord(): void {
    const box = this.wordEdges && insidePage(this.wordEdges)
    const length = this.length - this.wordStart
    if (box && length > 0) this.words.push({ start: this.wordStart, length, box })
    this.wordStart = this.length
    this.wordEdges = null
  }
}

function union(a: Edges | null, b: Edges | null): Edges | null {
  if (a === null || b === null) return a ?? b
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]
}

/** `null` for a word that lies wholly outside the page, where nobody can see it. */
function insidePage([left, top, right, bottom]: Edges): Box | null {
  const [x0, x1] = [Math.max(left, 0), Math.min(right, 1)]
  const [y0, y1] = [Math.max(top, 0), Math.min(bottom, 1)]
  return x1 > x0 && y1 > y0 ? [x0, y0, x1 - x0, y1 - y0] : null
}
