import type { PlaceMention } from '../../db/schema/places.ts'
import type { GazetteerPlace } from './gazetteer.ts'
import type { Mention } from './mentions.ts'

/** Of one page; the first ones count. */
export const mentionsPerPageMax = 1_000
/** Of one document; those on earlier pages count. */
export const mentionsPerDocumentMax = 20_000
/** Of one document; those mentioned first count. */
export const placesPerDocumentMax = 1_000
export const mentionsShownMax = 20
export const alternativesMax = 10

/** A place that a document mentions. */
export type MentionedPlace = {
  placeId: string
  mentionCount: number
  mentions: PlaceMention[] // the first of them
  pages: number[]
  alternativePlaceIds: string[]
}

type Collected = Omit<MentionedPlace, 'alternativePlaceIds'> & {
  alternatives: Map<string, Candidate>
}
type Candidate = Mention<GazetteerPlace>['places'][number]

/** What the pages of one document say, place by place. */
export class DocumentMentions {
  readonly #byPlace = new Map<string, Collected>()
  readonly #settled: ReadonlySet<string>
  #count = 0
  #isShortened = false

  /** @param settled places that are linked to the document, or were decided upon: they are meant where they can be */
  constructor(settled: ReadonlySet<string>) {
    this.#settled = settled
  }

  /** Was there more than is kept? */
  get isShortened(): boolean {
    return this.#isShortened
  }

  /** @param boxesOf where a range of the page's text stands on the page */
  addPage(
    page: number,
    mentions: readonly Mention<GazetteerPlace>[],
    boxesOf: (start: number, end: number) => PlaceMention['boxes'],
  ): void {
    const room = Math.min(mentionsPerPageMax, mentionsPerDocumentMax - this.#count)
    if (mentions.length > room) this.#isShortened = true
    for (const { start, end, quote, places } of mentions.slice(0, room)) {
      const place = this.#placeMeantBy(places)
      if (!place) continue
      this.#count += 1
      place.mentionCount += 1
      if (place.pages.at(-1) !== page) place.pages.push(page)
      if (place.mentions.length < mentionsShownMax)
        place.mentions.push({ page, start, end, quote, boxes: boxesOf(start, end) })
    }
  }

  #placeMeantBy(candidates: readonly Candidate[]): Collected | null {
    const [meant, ...others] = candidates.toSorted((one, other) => this.#likelier(one, other))
    if (!meant) return null
    const { id: placeId } = meant.place
    const known = this.#byPlace.get(placeId)
    if (!known && this.#byPlace.size >= placesPerDocumentMax) {
      this.#isShortened = true
      return null
    }
    const empty = { placeId, mentionCount: 0, mentions: [], pages: [], alternatives: new Map() }
    const collected = known ?? empty
    this.#byPlace.set(placeId, collected)
    for (const other of others) collected.alternatives.set(other.place.id, other)
    return collected
  }

  #likelier(one: Candidate, other: Candidate): number {
    const settled = ({ place }: Candidate) => Number(this.#settled.has(place.id))
    const named = ({ by }: Candidate) => Number(by === 'name')
    return (
      settled(other) - settled(one) ||
      other.place.population - one.place.population ||
      named(other) - named(one) ||
      (one.place.id < other.place.id ? -1 : 1)
    )
  }

  /** In the order in which they are first mentioned. */
  places(): MentionedPlace[] {
    return [...this.#byPlace.values()].map(({ alternatives, ...place }) => ({
      ...place,
      alternativePlaceIds: [...alternatives.values()]
        .sort((one, other) => this.#likelier(one, other))
        .slice(0, alternativesMax)
        .map(({ place: { id } }) => id),
    }))
  }
}
