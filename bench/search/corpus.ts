import { createHash } from 'node:crypto'

/*
 * What is searched: texts of a vocabulary that is used as languages use theirs, few words often and most of them rarely,
 * with words of known shares planted. The same for every run.
 */
export const messageCount = 200_000
export const pageCount = 200_000
export const pagesPerDocument = 10
export const channelCount = 1_000

/** The one who searches sees a tenth of the channels. */
export const isVisible = (channel: number): boolean => channel % 10 === 0

/** Share of the texts that hold a word. */
const planted: readonly (readonly [word: string, share: number])[] = [
  ['mostly', 0.6],
  ['common', 0.3],
  ['usual', 0.1],
  ['frequent', 0.02],
  ['scarce', 0.002],
  ['rareword', 0.0002],
  ['net thirty', 0.005],
  ['invoice', 0.01],
  ['invoicing', 0.004],
  ['invoked', 0.002],
]

/** Stands in one text alone. */
const singleWord = 'singular'
const singleAt = 1_234

const vocabularySize = 20_000
const messageWords = { min: 5, more: 25 }
const pageWords = { min: 100, more: 300 }

/** Numbers in 0..1, the same ones for the same seed. */
function numbersOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const syllables = ['ka', 'lo', 'mi', 'ne', 'ru', 'so', 'ta', 'vi', 'da', 'fe', 'gu', 'po']

function vocabularyWord(index: number): string {
  let [rest, word] = [index + syllables.length, '']
  for (; rest > 0; rest = Math.floor(rest / syllables.length))
    word += syllables[rest % syllables.length]
  return word
}

const vocabulary = Array.from({ length: vocabularySize }, (_, index) => vocabularyWord(index))

function textOf(random: () => number, { min, more }: { min: number; more: number }): string {
  const words: string[] = []
  const length = min + Math.floor(random() * more)
  // The index falls off as a power: a word of twice the rank comes about half as often.
  for (let at = 0; at < length; at += 1)
    words.push(vocabulary[Math.floor(vocabularySize ** random()) - 1] ?? '')
  for (const [word, share] of planted)
    if (random() < share) words[Math.floor(random() * words.length)] = word
  return words.join(' ')
}

const withSingle = (at: number, text: string) => (at === singleAt ? `${text} ${singleWord}` : text)

type Text = { id: string; group: number; number: number; text: string }

/** A UUIDv7 of a millisecond, always the same one. */
function idAt(ms: number, purpose: string): string {
  const time = ms.toString(16).padStart(12, '0')
  const rest = createHash('sha256').update(`${purpose} ${ms}`).digest('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest.slice(0, 3)}-8${rest.slice(3, 6)}-${rest.slice(6, 18)}`
}

const start = Date.UTC(2026, 0, 1)

/** Messages in the order in which they were said; `group` is the channel, `number` its seq. */
export function* messageTexts(): Generator<Text> {
  const random = numbersOf(1)
  const seqs = new Array<number>(channelCount).fill(0)
  for (let at = 0; at < messageCount; at += 1) {
    const group = Math.floor(random() * channelCount)
    seqs[group] = (seqs[group] ?? 0) + 1
    const number = seqs[group] ?? 0
    yield {
      id: idAt(start + at * 1_000, 'message'),
      group,
      number,
      text: withSingle(at, textOf(random, messageWords)),
    }
  }
}

/** Pages; `id` is of their document and `group` its number. */
export function* pageTexts(): Generator<Text> {
  const random = numbersOf(2)
  for (let group = 0; group < pageCount / pagesPerDocument; group += 1) {
    const id = idAt(start + group * 40_000, 'document')
    for (let number = 1; number <= pagesPerDocument; number += 1) {
      const text = textOf(random, pageWords)
      yield { id, group, number, text: withSingle(group * pagesPerDocument + number, text) }
    }
  }
}
