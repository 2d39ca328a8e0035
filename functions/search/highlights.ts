import { type Positions, type Span, spansOf } from './spans.ts'
import type { QueryNode } from './tsquery.ts'

/** Start and end in UTF-16 units. */
export type Range = readonly [start: number, end: number]

/**
 * What Postgres' default parser made of a text, one number a token: type, + 32 when it is too long to be indexed,
 * + 64 x its length in characters. Tokens follow each other without gap, except that a compound (`foo-bar`,
 * `host/path`) stands before its parts and covers them.
 */
export type PackedTokens = readonly number[]

const typeMask = 31
const tooLongBit = 32
const lengthShift = 6
const compoundTypes: ReadonlySet<number> = new Set([5, 15, 16, 17]) // url, numhword, asciihword, hword
const unindexedTypes: ReadonlySet<number> = new Set([12, 13, 14, 23]) // blank, tag, protocol, entity
// A tsvector keeps positions up to here and gives this one to every later word.
const positionMax = 16_383

/** The place in the text of each position of its tsvector; index 0 is position 1. */
export function placesOf(text: string, tokens: PackedTokens): Range[] {
  const places: Range[] = []
  const skip = /[\ud800-\udfff]/.test(text) ? skipCharacters : addCharacters
  let start = 0
  for (const token of tokens) {
    const type = token & typeMask
    const end = skip(text, start, token >> lengthShift)
    if (!unindexedTypes.has(type) && (token & tooLongBit) === 0) places.push([start, end])
    if (!compoundTypes.has(type)) start = end
  }
  return places
}

const addCharacters = (_: string, start: number, count: number): number => start + count

function skipCharacters(text: string, start: number, count: number): number {
  let at = start
  for (let left = count; left > 0; left -= 1) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
  return at
}

type Hit = {
  text: string
  tokens: PackedTokens
  positions: Positions
}

/** The ranges of a text that a query asked for, in order, none touching another. */
export function matchedRanges(query: QueryNode, { text, tokens, positions }: Hit): Range[] {
  const places = placesOf(text, tokens)
  const rangeOf = ([first, last]: Span): Range[] => {
    const [from, to] = [places[first - 1], places[last - 1]]
    return last < positionMax && from && to ? [[from[0], to[1]]] : []
  }
  const ranges = spansOf(query, positions)
    .flatMap(rangeOf)
    .sort((a, b) => a[0] - b[0])
  const apart: Range[] = []
  for (const range of ranges) {
    const last = apart.at(-1)
    if (last && range[0] < last[1]) apart[apart.length - 1] = [last[0], Math.max(last[1], range[1])]
    else apart.push(range)
  }
  return apart
}

const snippetLength = 240
const leadLength = 60 // what stands before the first hit
const boundarySearch = 24

export type Snippet = { snippet: string; highlights: Range[] }

/** The part of a text with the most matches: its own characters, with each line break turned into a space. */
export function snippetOf(text: string, ranges: readonly Range[]): Snippet {
  const first = densest(ranges)
  const wanted = Math.max(0, (first?.[0] ?? 0) - leadLength)
  const from = wanted === 0 ? 0 : nextWord(text, wanted)
  const to = lastWordEnd(text, Math.max(from + snippetLength, first?.[1] ?? 0))
  const shown = ranges.filter(([start, end]) => start >= from && end <= to)
  return {
    snippet: text.slice(from, to).replace(/[\s\p{Cc}]/gu, ' '),
    highlights: shown.map(([start, end]) => [start - from, end - from]),
  }
}

function densest(ranges: readonly Range[]): Range | undefined {
  const reach = snippetLength - leadLength
  let best: Range | undefined
  let bestCount = 0
  let end = 0
  for (const [index, range] of ranges.entries()) {
    while (end < ranges.length && (ranges[end]?.[1] ?? 0) <= range[0] + reach) end += 1
    if (end - index > bestCount) [best, bestCount] = [range, end - index]
  }
  return best ?? ranges[0]
}

function nextWord(text: string, at: number): number {
  const space = text.slice(at, at + boundarySearch).search(/\s/)
  return space === -1 ? wholeCharacter(text, at) : at + space + 1
}

function lastWordEnd(text: string, at: number): number {
  if (at >= text.length || /\s/.test(text[at] ?? '')) return Math.min(at, text.length)
  const rest = text.slice(at, at + boundarySearch)
  const space = rest.search(/\s/)
  if (space !== -1) return at + space
  return rest.length < boundarySearch ? text.length : wholeCharacter(text, at)
}

/** Not between the two halves of a surrogate pair. */
const wholeCharacter = (text: string, at: number): number =>
  /[\udc00-\udfff]/.test(text[at] ?? '') ? at + 1 : at
