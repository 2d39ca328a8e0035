import { matchRegions, type Region } from './region-matching.ts'

/** How far annotators agree on one label. */
export type LabelAgreement = {
  labelName: string
  regions: number // that at least one of the two gave this label
  agreed: number // that both gave it
  kappa: number | null
}

/** How far annotators agree. Counts are sums over the pairs of annotators, the rest means over those that have a value. */
export type Agreement = {
  annotatorPairs: number
  regions: number // items judged: what both marked counts once
  matched: number // marked by both, under whatever label
  agreed: number // marked by both under the same label
  meanIou: number | null // of what both marked, 0..1; null when nothing was
  kappa: number | null // -1..1; null when there are no regions
  labels: LabelAgreement[] // each label that somebody gave, by name
}

/** What each of two said of one region; `null` is "none": no region of theirs is there. */
type Item = { first: string | null; second: string | null }
type Table = { items: number; agreed: number; chanceProducts: number }

/**
 * Agreement of two annotators on the same pages. Give only pages that both have seen: one never opened is disagreement.
 *
 * Regions are paired by {@link matchRegions}. Each region, paired or not, is an item; who has no part in it said "none".
 * `kappa` is that of Cohen 1960 over all labels and "none". A label's is that of "this label" against all else, over the
 * same items: the collapsed table of Fleiss, "Statistical Methods for Rates and Proportions", chapter on agreement.
 *
 * Where both only ever say one and the same thing chance explains all and kappa is 0/0. It is taken as 1, for nothing was
 * disagreed upon: so do NLTK (pull request 3608) and DKPro Agreement since 2.1.0; scikit-learn's default is NaN
 * (`replace_undefined_by`). Nobody can say "none" of a region that neither saw, so with few labels kappa is low, even
 * below 0: read it beside `agreed` (Hripcsak and Rothschild 2005).
 */
export function agreementBetween(first: readonly Region[], second: readonly Region[]): Agreement {
  return agreementOnPages(pagesOf(first, second).map((page) => judgePage(page.first, page.second)))
}

/** Agreement of two annotators on pages that {@link judgePage} has judged, as {@link agreementBetween}. */
export function agreementOnPages(pages: readonly JudgedPage[]): Agreement {
  const items = pages.flatMap((page) => page.items)
  const ious = pages.flatMap((page) => page.ious)
  return {
    annotatorPairs: 1,
    regions: items.length,
    matched: ious.length,
    agreed: items.filter((item) => item.first === item.second).length,
    meanIou: mean(ious),
    kappa: kappaOf(tableOf(items)),
    labels: labelAgreements(items),
  }
}

/** Agreement of any number of annotators on the same pages: {@link agreementOfPairs} of each with each. */
export function agreementAmong(annotators: readonly (readonly Region[])[]): Agreement {
  return agreementOfPairs(
    annotators.flatMap((first, index) =>
      annotators.slice(index + 1).map((second) => agreementBetween(first, second)),
    ),
  )
}

/**
 * Agreement of many annotators: the mean over their pairs (Light 1971). A pair that has no value, because neither marked
 * anything or neither gave that label, is left out of that mean. Fewer than two have nothing to agree on.
 */
export function agreementOfPairs(parts: readonly Agreement[]): Agreement {
  const labels = Map.groupBy(
    parts.flatMap((part) => part.labels),
    ({ labelName }) => labelName,
  )
  return {
    annotatorPairs: parts.length,
    regions: sum(parts.map(({ regions }) => regions)),
    matched: sum(parts.map(({ matched }) => matched)),
    agreed: sum(parts.map(({ agreed }) => agreed)),
    meanIou: mean(parts.map(({ meanIou }) => meanIou)),
    kappa: mean(parts.map(({ kappa }) => kappa)),
    labels: [...labels]
      .map(([labelName, group]) => ({
        labelName,
        regions: sum(group.map(({ regions }) => regions)),
        agreed: sum(group.map(({ agreed }) => agreed)),
        kappa: mean(group.map(({ kappa }) => kappa)),
      }))
      .sort(byName),
  }
}

/** Each region of a page with what each of the two said of it, and how far the boxes of both cover one another. */
export type JudgedPage = { items: Item[]; ious: number[] }
type Page = { first: readonly Region[]; second: readonly Region[] }

function pagesOf(first: readonly Region[], second: readonly Region[]): Page[] {
  const keyOf = ({ documentId, page }: Region) => `${page} ${documentId ?? ''}`
  const [firsts, seconds] = [Map.groupBy(first, keyOf), Map.groupBy(second, keyOf)]
  return [...new Set([...firsts.keys(), ...seconds.keys()])].map((key) => ({
    first: firsts.get(key) ?? [],
    second: seconds.get(key) ?? [],
  }))
}

/** What the regions that two marked on one page say; every page of a pair goes to {@link agreementOnPages}. */
export function judgePage(first: readonly Region[], second: readonly Region[]): JudgedPage {
  const pairs = matchRegions(first, second)
  const partners = new Map(pairs.map((pair) => [pair.first, pair.second]))
  const taken = new Set(partners.values())
  const labelOf = (index: number | undefined) =>
    index === undefined ? null : (second[index]?.labelName ?? null)
  return {
    items: [
      ...first.map(({ labelName }, index) => ({
        first: labelName,
        second: labelOf(partners.get(index)),
      })),
      ...second
        .filter((_, index) => !taken.has(index))
        .map(({ labelName }) => ({ first: null, second: labelName })),
    ],
    ious: pairs.map(({ iou }) => iou),
  }
}

/** Each label against all else. Counted in one walk over the items: there may be as many labels as items. */
function labelAgreements(items: readonly Item[]): LabelAgreement[] {
  const counts = new Map<string, { first: number; second: number; both: number }>()
  const countsOf = (labelName: string) => {
    const known = counts.get(labelName) ?? { first: 0, second: 0, both: 0 }
    counts.set(labelName, known)
    return known
  }
  for (const { first, second } of items) {
    if (first !== null) countsOf(first).first += 1
    if (second !== null) countsOf(second).second += 1
    if (first !== null && first === second) countsOf(first).both += 1
  }
  return [...counts]
    .map(([labelName, { first, second, both }]) => {
      const [total, given] = [items.length, first + second - both]
      const agreed = both + total - given
      const chanceProducts = first * second + (total - first) * (total - second)
      const kappa = kappaOf({ items: total, agreed, chanceProducts })
      return { labelName, regions: given, agreed: both, kappa }
    })
    .sort(byName)
}

/** Whole numbers until the one division, so that "all by chance" is met exactly. */
function kappaOf({ items, agreed, chanceProducts }: Table): number | null {
  if (items === 0) return null
  const room = items * items - chanceProducts
  return room === 0 ? 1 : (items * agreed - chanceProducts) / room
}

function tableOf(items: readonly Item[]): Table {
  const [firsts, seconds] = [new Map<string | null, number>(), new Map<string | null, number>()]
  let agreed = 0
  for (const { first, second } of items) {
    firsts.set(first, (firsts.get(first) ?? 0) + 1)
    seconds.set(second, (seconds.get(second) ?? 0) + 1)
    if (first === second) agreed += 1
  }
  const products = [...firsts].map(([said, count]) => count * (seconds.get(said) ?? 0))
  return { items: items.length, agreed, chanceProducts: sum(products) }
}

function byName(one: LabelAgreement, other: LabelAgreement): number {
  return one.labelName < other.labelName ? -1 : 1
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function mean(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null)
  return present.length === 0 ? null : sum(present) / present.length
}
