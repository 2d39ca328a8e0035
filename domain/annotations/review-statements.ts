import type { AnnotationSource, Validation } from '../../db/schema/annotations.ts'
import type { Box } from '../documents/words.ts'
import { matchRegions, type Region } from './region-matching.ts'

/** Who marks regions: a person, or what came from a model or an import under a person's key. */
export type Annotator = { userId: string; source: AnnotationSource }

/** Content of an annotation, as far as agreement looks at it. */
export type Marked = { box: Box; labelName: string }

/** An annotation, also a deleted one, with its maker and who judged it. */
export type ReviewedAnnotation = {
  documentId: string
  page: number
  maker: Annotator
  now: Marked
  said: Marked // what its maker said last: others may have changed it
  isDeleted: boolean
  validation: Validation
  validatedByUserId: string | null
}

/** "I have looked at this page", whether or not something was marked there. */
export type SeenPage = { documentId: string; page: number; annotator: Annotator }

// Comparisons grow with the square: a thousand regions of two annotators are a million of them, some 10 ms.
export const regionsPerPageMax = 1_000

/** All that one annotator says: on which pages they looked, and the regions there. Both by {@link pageKey}. */
export type Statement = { annotator: Annotator; pages: Map<string, Region[]> }

export const pageKey = ({ documentId = '', page }: Pick<Region, 'documentId' | 'page'>): string =>
  `${documentId} ${page}`

/**
 * What each annotator says of which pages, as docs/annotations.md describes it to users:
 * a page was seen by who made something there, judged something there as a person, or marked it as seen. A person says
 * the regions that they made, and those of others that they called valid or corrected; a model or an import says what
 * came in. Deleted regions say nothing, but a person who made one has seen its page.
 */
export function statementsOf(
  annotations: readonly ReviewedAnnotation[],
  seen: readonly SeenPage[],
): Statement[] {
  const made = new Collected()
  const endorsed = new Collected()
  for (const { annotator, ...place } of seen) made.pageOf(annotator, place)
  for (const annotation of annotations) {
    const { maker, isDeleted, said, now, validation } = annotation
    if (!isDeleted) made.pageOf(maker, annotation).push(regionOf(annotation, said))
    else if (maker.source === 'human') made.pageOf(maker, annotation)
    const judge = judgeOf(annotation)
    if (judge === null) continue
    made.pageOf(judge, annotation)
    const isEndorsed = !isDeleted && (validation === 'valid' || validation === 'corrected')
    if (isEndorsed && keyOf(judge) !== keyOf(maker))
      endorsed.pageOf(judge, annotation).push(regionOf(annotation, now))
  }
  return made.statements.map(({ annotator, pages }) => ({
    annotator,
    pages: new Map(
      [...pages].map(([key, own]) => [key, withEndorsed(own, endorsed.regionsOf(annotator, key))]),
    ),
  }))
}

const keyOf = ({ userId, source }: Annotator): string => `${source} ${userId}`

const judgeOf = ({ validatedByUserId }: ReviewedAnnotation): Annotator | null =>
  validatedByUserId === null ? null : { userId: validatedByUserId, source: 'human' }

const regionOf = ({ documentId, page }: ReviewedAnnotation, marked: Marked): Region => ({
  documentId,
  page,
  ...marked,
})

/** Who marked a region and then called somebody else's mark of it valid speaks of one region, not of two. */
function withEndorsed(own: readonly Region[], endorsed: readonly Region[]): Region[] {
  // More are not compared with anybody's.
  if (own.length + endorsed.length > regionsPerPageMax) return [...own, ...endorsed]
  const repeated = new Set(matchRegions(own, endorsed).map(({ second }) => second))
  return [...own, ...endorsed.filter((_, index) => !repeated.has(index))]
}

class Collected {
  readonly #byAnnotator = new Map<string, Statement>()

  get statements(): Statement[] {
    return [...this.#byAnnotator.values()]
  }

  /** The regions of an annotator on a page, to add to; the page counts as seen from now on. */
  pageOf(annotator: Annotator, place: { documentId: string; page: number }): Region[] {
    const key = keyOf(annotator)
    const statement = this.#byAnnotator.get(key) ?? { annotator, pages: new Map() }
    this.#byAnnotator.set(key, statement)
    const regions = statement.pages.get(pageKey(place)) ?? []
    statement.pages.set(pageKey(place), regions)
    return regions
  }

  regionsOf(annotator: Annotator, key: string): readonly Region[] {
    return this.#byAnnotator.get(keyOf(annotator))?.pages.get(key) ?? []
  }
}
