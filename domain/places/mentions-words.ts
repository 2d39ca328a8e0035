import { placeNameKey } from './names.ts'

/** What stands between a word and the one before it. */
type Gap =
  | 'glued' // nothing: scripts that write no spaces
  | 'space' // what may stand within a name
  | 'soft' // a hyphen at the end of a line, or one that is not seen: perhaps one word
  | 'end' // of a sentence, a list's item, a paragraph: no name goes on

/** A word of a page's text, `[start, end)` in UTF-16 units. */
export type TextWord = {
  start: number
  end: number
  /** How it may be written in a name, as `placeNameKey` has it; more than one for an abbreviation. */
  keys: readonly string[]
  look: 'capital' | 'small' | 'without_case' | 'number'
  gap: Gap
}

const wordPattern = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu
const unspaced = String.raw`[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}ー\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}]`
const isPlain = /^[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}\p{Nd}]*$/u
const scriptPattern = new RegExp(
  String.raw`(?<unspaced>${unspaced}+)|(?<hangul>\p{sc=Hang}+)|(?<arabic>[\p{sc=Arab}\p{M}ـ]+)|(?:(?!${unspaced}|[\p{sc=Hang}\p{sc=Arab}]).)+`,
  'gsu',
)

/** The words of a text. Of scripts without spaces those of Unicode's dictionaries. */
export function* wordsOf(text: string): Generator<TextWord> {
  let behind: { end: number; word: string } | null = null
  for (const { 0: run, index } of text.matchAll(wordPattern)) {
    let gap: Gap = behind ? gapOf(text.slice(behind.end, index), behind.word) : 'end'
    for (const part of partsOf(run)) {
      const start = index + part.start
      yield { start, end: start + part.text.length, ...readingOf(part.text), gap }
      gap = 'glued'
    }
    behind = { end: index + run.length, word: run }
  }
}

type Part = { text: string; start: number }

function partsOf(run: string): Part[] {
  if (isPlain.test(run)) return [{ text: run, start: 0 }]
  return [...run.matchAll(scriptPattern)].flatMap(({ 0: text, index, groups }) => {
    const parts = groups?.unspaced
      ? segmentsOf(text)
      : groups?.hangul
        ? cutAt({ text, start: 0 }, beforeParticle(text))
        : groups?.arabic
          ? cutAt({ text, start: 0 }, behindParticles(text))
          : [{ text, start: 0 }]
    return parts.map((part) => ({ text: part.text, start: index + part.start }))
  })
}

let segmenter: Intl.Segmenter | undefined

function segmentsOf(text: string): Part[] {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'word' })
  return [...segmenter.segment(text)].flatMap(({ segment, index }) =>
    cutAt({ text: segment, start: index }, beforeRank(segment)),
  )
}

// "City", "prefecture", "province" and their like, behind a name of two characters at least.
const rankOfPlace = /(?<=..)[市区區县縣県郡省州府都町村]$/su
const beforeRank = (text: string): number => {
  const at = text.search(rankOfPlace)
  return at < 0 ? text.length : at
}

// What Korean hangs on to the name of a place: "in", "to", "of", "from", "city" ... Two syllables must be left.
const withParticles =
  /^(?<stem>.{2,}?)(?:특별시|광역시|시|군|도)?(?:에서는|에서도|에서의|에서|에게|에는|에도|에|으로|로|까지|부터|은|는|이|가|을|를|의|와|과|도)?$/su

const beforeParticle = (text: string): number =>
  withParticles.exec(text)?.groups?.stem?.length ?? text.length

// What Arabic writes in one with the word behind it: "and", "so", "in", "like"; without an article only "and".
const particlesBefore = /^(?:[وف]?[بك]?(?=ال.{3})|و(?=.{4}))/su

const behindParticles = (text: string): number =>
  particlesBefore.exec(text)?.[0].length || text.length

function cutAt({ text, start }: Part, at: number): Part[] {
  if (at === text.length) return [{ text, start }]
  return [
    { text: text.slice(0, at), start },
    { text: text.slice(at), start: start + at },
  ]
}

const abbreviations: ReadonlyMap<string, string> = new Map(
  [
    ['st', 'saint'],
    ['ste', 'sainte'],
    ['mt', 'mount'],
    ['ft', 'fort'],
  ].flatMap(([short = '', long = '']) => [
    [short, long],
    [long, short],
  ]),
)

const capital = /[\p{Lu}\p{Lt}]/u
const small = /\p{Ll}/u
const letter = /\p{L}/u

function readingOf(text: string): Pick<TextWord, 'keys' | 'look'> {
  const key = placeNameKey(text)
  const other = abbreviations.get(key)
  return { keys: other === undefined ? [key] : [key, other], look: lookOf(text) }
}

/** How a word is written, which tells "nice" from "Nice". */
export function lookOf(word: string): TextWord['look'] {
  if (capital.test(word)) return 'capital'
  if (small.test(word)) return 'small'
  return letter.test(word) ? 'without_case' : 'number'
}

const separatorCharsMax = 40
const blankLine = /\n[^\S\n]*\n|[\f\u2029]/u
const separator = /^[\s\-‐‑–'’‘`´.,()&/・·\u00AD\u200B-\u200D\u2060]*$/u
const softHyphen = /^(?:[-‐\u00AD][^\S\n]*\r?\n\s*|[\u00AD\u200B-\u200D\u2060]+)$/u
const marks = /[^\s]/gu
const marksMax = 3
// "St. Louis", "D. C."; any other word before it ends its sentence.
const mayHavePeriod = /^(?:.{1,2}|ste|sta|mte)$/iu

function gapOf(between: string, before: string): Gap {
  if (between.length > separatorCharsMax || !separator.test(between)) return 'end'
  if (softHyphen.test(between)) return 'soft'
  if (blankLine.test(between) || (between.match(marks)?.length ?? 0) > marksMax) return 'end'
  return /\.\s/u.test(between) && !mayHavePeriod.test(before) ? 'end' : 'space'
}
