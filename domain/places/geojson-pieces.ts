import { fileLimits, pause, unreadable } from './feature.ts'

/** A part of a GeoJSON file that can be parsed alone: a feature, or a member of the whole, whose list of features is empty. */
export type GeoJsonPiece =
  | { kind: 'member'; name: string; value: unknown }
  | { kind: 'feature'; value: unknown }

const pieceCharactersMax = 4 * 1024 * 1024
const charactersAtOnce = 1024 * 1024
const membersMax = 1_000 // beside the features
const features = 'features'

const code = { quote: 34, comma: 44, colon: 58, open: 91, backslash: 92, close: 93 }
const brace = { open: 123, close: 125 }

/**
 * Takes a file apart: parsed as a whole, sixteen megabytes would hold up everybody else, and a bomb of brackets for
 * seconds.
 * @throws {PlacesFileFault} it is no JSON object, too deep, or a piece is too large
 */
export async function* geoJsonPieces(text: string): AsyncGenerator<GeoJsonPiece> {
  const scanner = new Scanner(text)
  for (let at = 0; at < text.length; at += charactersAtOnce) {
    yield* scanner.scan(Math.min(text.length, at + charactersAtOnce))
    await pause()
  }
  scanner.end()
}

class Scanner {
  readonly #text: string
  #at = 0
  #depth = 0
  #isInString = false
  #isOver = false
  #start = 0 // of the piece
  #name: string | null = null // of the member, once its colon has come
  #valueStart = 0
  #hasBracket = false // the value of the member has one
  #members = 0
  #list: 'none' | 'open' | 'closed' = 'none'
  #isListEmpty = true

  constructor(text: string) {
    this.#text = text
  }

  *scan(until: number): Generator<GeoJsonPiece> {
    for (; this.#at < until; this.#at += 1) {
      const at = this.#text.charCodeAt(this.#at)
      if (this.#isInString) {
        if (at === code.backslash) this.#at += 1
        else if (at === code.quote) this.#isInString = false
      } else if (at === code.quote) this.#isInString = true
      else if (at === code.open || at === brace.open) this.#open(at)
      else if (at === code.close || at === brace.close) yield* this.#close(at)
      else if (at === code.comma) yield* this.#comma()
      else if (at === code.colon && this.#depth === 1 && this.#name === null) this.#nameMember()
    }
  }

  end(): void {
    if (this.#isOver && this.#isBlank(this.#start, this.#text.length)) return
    if (this.#isOver) throw this.#broken('Something follows its end.')
    if (this.#depth === 0) throw this.#broken('It is no JSON object.')
    throw this.#broken('It ends too early.')
  }

  #open(bracket: number): void {
    if (this.#depth === 0) {
      const isFirst = !this.#isOver && this.#isBlank(0, this.#at)
      if (bracket !== brace.open || !isFirst) throw this.#broken('It is no JSON object.')
      this.#start = this.#at + 1
    }
    this.#depth += 1
    if (this.#depth > fileLimits.depth)
      throw this.#broken(`It nests deeper than ${fileLimits.depth} levels.`)
    if (this.#depth !== 2 || this.#hasBracket) return
    this.#hasBracket = true
    const isList = bracket === code.open && this.#name === features
    if (!isList || !this.#isBlank(this.#valueStart, this.#at)) return
    if (this.#list !== 'none') throw this.#broken('It has two lists of features.')
    this.#list = 'open'
    this.#start = this.#at + 1
  }

  *#close(bracket: number): Generator<GeoJsonPiece> {
    if (this.#depth === 0) throw this.#broken('It is no JSON object.')
    if (this.#depth === 2 && this.#list === 'open') {
      if (bracket !== code.close) throw this.#broken('The list of features does not end.')
      if (!this.#isListEmpty || !this.#isBlank(this.#start, this.#at)) yield this.#feature()
      this.#list = 'closed'
      this.#start = this.#at + 1
    } else if (this.#depth === 1) {
      if (bracket !== brace.close) throw this.#broken('The object does not end.')
      if (this.#members > 0 || !this.#isBlank(this.#start, this.#at)) yield* this.#member()
      this.#isOver = true
      this.#start = this.#at + 1
    }
    this.#depth -= 1
  }

  *#comma(): Generator<GeoJsonPiece> {
    if (this.#depth === 2 && this.#list === 'open') {
      this.#isListEmpty = false
      yield this.#feature()
    } else if (this.#depth === 1) yield* this.#member()
    else return
    this.#start = this.#at + 1
  }

  #nameMember(): void {
    const name = this.#parsed(this.#start, this.#at)
    if (typeof name !== 'string') throw this.#broken('A name is missing.')
    this.#name = name
    this.#valueStart = this.#at + 1
  }

  #feature(): GeoJsonPiece {
    return { kind: 'feature', value: this.#parsed(this.#start, this.#at) }
  }

  *#member(): Generator<GeoJsonPiece> {
    const name = this.#name
    if (name === null) throw this.#broken('A name or a value is missing.')
    this.#name = null
    this.#hasBracket = false
    this.#members += 1
    if (this.#members > membersMax) throw this.#broken(`It has more than ${membersMax} members.`)
    const isList = name === features && this.#list === 'closed' && this.#start > this.#valueStart
    if (isList && !this.#isBlank(this.#start, this.#at))
      throw this.#broken('Something follows the list of features.')
    const value = isList ? [] : this.#parsed(this.#valueStart, this.#at)
    yield { kind: 'member', name, value }
  }

  #isBlank(start: number, end: number): boolean {
    return /^[ \t\r\n]*$/.test(this.#text.slice(start, end))
  }

  #parsed(start: number, end: number): unknown {
    if (end - start > pieceCharactersMax)
      throw this.#broken(`A part of it has more than ${pieceCharactersMax} characters.`)
    try {
      return JSON.parse(this.#text.slice(start, end))
    } catch (err) {
      throw this.#broken(err instanceof Error ? `${err.message}.` : '', start)
    }
  }

  #broken(detail: string, at = this.#at) {
    const before = this.#text.slice(0, at)
    const line = before.split('\n').length
    return unreadable(`It is not valid JSON, near line ${line}: ${detail}`)
  }
}
