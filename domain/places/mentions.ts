import { writtenName } from './mentions-spelling.ts'
import { type TextWord, wordsOf } from './mentions-words.ts'

export const phraseWordsMax = 6
const phrasePartsMax = 12 // of a script without spaces
const phraseCharsMax = 120
const phraseKeysMax = 4
// "'s-Hertogenbosch", "al Khobar": what is this short may begin a name without a capital.
const smallBeginningCharsMax = 3

/** Words of a text that could be a name, `[start, end)` in UTF-16 units. */
type Phrase = { start: number; end: number; keys: readonly string[] }

export type NamedPlace = { id: string; name: string; aliases: readonly string[] }

/** A place's name in a text. Several places may have it. */
export type Mention<Place extends NamedPlace> = {
  start: number
  end: number
  quote: string
  places: readonly { place: Place; by: 'name' | 'alias' }[]
}

/** All that could be names, the longer ones of one beginning last. */
export function* phrasesOf(text: string): Generator<Phrase> {
  const words = [...wordsOf(text)]
  for (const [index, first] of words.entries())
    if (mayBegin(first, words[index + 1])) yield* phrasesFrom(words, index)
}

function mayBegin(word: TextWord, next: TextWord | undefined): boolean {
  if (word.look === 'capital' || word.look === 'without_case') return true
  const isShort = word.look === 'number' || word.end - word.start <= smallBeginningCharsMax
  return isShort && next?.look === 'capital' && next.gap !== 'end'
}

function* phrasesFrom(words: readonly TextWord[], from: number): Generator<Phrase> {
  const first = words[from]
  if (!first) return
  let keys = first.keys
  let count = 1
  const isNameAlone = first.look === 'capital' || first.look === 'without_case'
  if (isNameAlone && isShortEnough(first, first)) yield { ...rangeOf(first, first), keys }
  for (const word of words.slice(from + 1, from + phrasePartsMax)) {
    count += word.gap === 'glued' ? 0 : 1
    if (word.gap === 'end' || count > phraseWordsMax || !isShortEnough(first, word)) return
    keys = continued(keys, word)
    yield { ...rangeOf(first, word), keys }
  }
}

const rangeOf = ({ start }: TextWord, { end }: TextWord) => ({ start, end })
const isShortEnough = (first: TextWord, last: TextWord): boolean =>
  last.end - first.start <= phraseCharsMax

function continued(heads: readonly string[], { keys, gap }: TextWord): string[] {
  const joins = gap === 'glued' ? [''] : gap === 'soft' ? ['', ' '] : [' ']
  return heads
    .flatMap((head) => joins.flatMap((join) => keys.map((key) => `${head}${join}${key}`)))
    .slice(0, phraseKeysMax)
}

/**
 * The names in a text. Where two overlap the longer one counts, else the first.
 * @param placesByKey those that any of the text's {@link phrasesOf} may mean
 */
export function mentionsOf<Place extends NamedPlace>(
  text: string,
  placesByKey: ReadonlyMap<string, readonly Place[]>,
): Mention<Place>[] {
  const found: Mention<Place>[] = []
  for (const phrase of phrasesOf(text)) {
    const mention = mentionBy(text, phrase, placesByKey)
    if (mention) found.push(mention)
  }
  return withoutOverlap(found)
}

function mentionBy<Place extends NamedPlace>(
  text: string,
  { start, end, keys }: Phrase,
  placesByKey: ReadonlyMap<string, readonly Place[]>,
): Mention<Place> | null {
  const quote = text.slice(start, end)
  for (const key of keys) {
    const places = (placesByKey.get(key) ?? []).flatMap((place) => {
      const by = writtenName(quote, key, place)
      return by === null ? [] : [{ place, by }]
    })
    if (places.length > 0) return { start, end, quote, places }
  }
  return null
}

function withoutOverlap<Place extends NamedPlace>(found: Mention<Place>[]): Mention<Place>[] {
  const longestFirst = found.toSorted(
    (one, other) => other.end - other.start - (one.end - one.start) || one.start - other.start,
  )
  const kept: Mention<Place>[] = []
  const taken = new Set<number>()
  for (const mention of longestFirst) {
    // Longer ones came before: whoever overlaps this one covers one of its ends.
    if (taken.has(mention.start) || taken.has(mention.end - 1)) continue
    for (let at = mention.start; at < mention.end; at += 1) taken.add(at)
    kept.push(mention)
  }
  return kept.sort((one, other) => one.start - other.start)
}
