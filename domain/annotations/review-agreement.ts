import {
  type Agreement,
  agreementOfPairs,
  agreementOnPages,
  type JudgedPage,
  judgePage,
} from './agreement.ts'
import type { Region } from './region-matching.ts'
import { type Annotator, regionsPerPageMax, type Statement } from './review-statements.ts'

/** Two annotators on the pages that both have seen. */
export type PairAgreement = {
  first: Annotator
  second: Annotator
  pages: number
  agreement: Agreement
}
export type PageAgreement = { documentId: string; page: number; agreement: Agreement }
/** A page with more regions of one annotator than are compared; nobody's part of it counts. */
export type FullPage = { documentId: string; page: number; regions: number }

export type AgreementReport = {
  pages: number // that at least two have seen
  annotators: { annotator: Annotator; pages: number; regions: number }[]
  overall: Agreement
  pairs: PairAgreement[] // those who share a page
  pageAgreements: PageAgreement[] // where they agree least comes first
  fullPages: FullPage[]
}

// Pairs grow with the square, too.
export const annotatorsMax = 50
// Some milliseconds: as long as other work of the process may wait.
const comparisonsBetweenPauses = 200_000

type Plan = { statements: readonly Statement[]; fullPages: FullPage[]; sharedPages: Set<string> }

/** How much is to be compared: products of the numbers of regions of two annotators on a page. */
export type Effort = {
  comparisons: number // all together
  comparisonsAtOnce: number // on one page of one pair, between which and the next one other work may run
}

/** What is to be compared. Annotators are in the order in which they are given. */
export function planAgreement(statements: readonly Statement[]): Plan & Effort {
  const seenBy = Map.groupBy(
    statements.flatMap(({ pages }) => [...pages].map(([key, regions]) => ({ key, regions }))),
    ({ key }) => key,
  )
  const fullPages: FullPage[] = []
  const sharedPages = new Set<string>()
  const effort = { comparisons: 0, comparisonsAtOnce: 0 }
  for (const [key, views] of seenBy) {
    if (views.length < 2) continue
    const counts = views.map(({ regions }) => regions.length).sort((one, other) => other - one)
    const [regions = 0, second = 0] = counts
    if (regions > regionsPerPageMax) {
      fullPages.push({ ...placeOf(key), regions })
      continue
    }
    sharedPages.add(key)
    effort.comparisons += pairProducts(counts)
    effort.comparisonsAtOnce = Math.max(effort.comparisonsAtOnce, regions * second)
  }
  return { statements, fullPages, sharedPages, ...effort }
}

/** The sum of the products of each with each. */
function pairProducts(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const squares = counts.reduce((sum, count) => sum + count * count, 0)
  return (total * total - squares) / 2
}

/**
 * Compares each annotator with each on the pages that both have seen.
 * @param pause called after some milliseconds of work each; it throws what is to end the work
 */
export async function agreementReport(
  { statements, fullPages, sharedPages }: Plan,
  pause: () => Promise<void>,
): Promise<AgreementReport> {
  const byPage = new Map<string, Agreement[]>()
  const pairs: PairAgreement[] = []
  let comparisons = 0
  for (const [index, first] of statements.entries())
    for (const second of statements.slice(index + 1)) {
      const judged: JudgedPage[] = []
      for (const [key, regions, others] of sharedOf(first, second, sharedPages)) {
        const page = judgePage(regions, others)
        judged.push(page)
        byPage.set(key, [...(byPage.get(key) ?? []), agreementOnPages([page])])
        comparisons += regions.length * others.length + 100
        if (comparisons < comparisonsBetweenPauses) continue
        comparisons = 0
        await pause()
      }
      if (judged.length > 0) pairs.push(pairOf(first, second, judged))
    }
  return {
    pages: byPage.size,
    annotators: statements.map(annotatorOf),
    overall: agreementOfPairs(pairs.map(({ agreement }) => agreement)),
    pairs,
    pageAgreements: [...byPage].map(pageOf).sort(leastFirst),
    fullPages,
  }
}

function* sharedOf(
  first: Statement,
  second: Statement,
  shared: ReadonlySet<string>,
): Generator<[key: string, regions: Region[], others: Region[]]> {
  for (const [key, regions] of first.pages) {
    const others = second.pages.get(key)
    if (others && shared.has(key)) yield [key, regions, others]
  }
}

const pairOf = (first: Statement, second: Statement, judged: JudgedPage[]): PairAgreement => ({
  ...{ first: first.annotator, second: second.annotator },
  pages: judged.length,
  agreement: agreementOnPages(judged),
})

const annotatorOf = ({ annotator, pages }: Statement) => ({
  annotator,
  pages: pages.size,
  regions: [...pages.values()].reduce((sum, regions) => sum + regions.length, 0),
})

const pageOf = ([key, parts]: [string, Agreement[]]): PageAgreement => ({
  ...placeOf(key),
  agreement: agreementOfPairs(parts),
})

function placeOf(key: string): { documentId: string; page: number } {
  const [documentId = '', page] = key.split(' ')
  return { documentId, page: Number(page) }
}

/** By the share of regions agreed upon; a page without regions has no dispute. */
const leastFirst = (one: PageAgreement, other: PageAgreement): number =>
  shareOf(one) - shareOf(other) ||
  (one.documentId < other.documentId ? -1 : one.documentId > other.documentId ? 1 : 0) ||
  one.page - other.page

const shareOf = ({ agreement: { agreed, regions } }: PageAgreement): number =>
  regions === 0 ? 1 : agreed / regions
