import { inOrder } from './aliases.ts'
import type { EditionState, SeriesState } from './state.ts'

// The newest and the first: with the longest names and places that is a fifth of what a tsvector may hold.
const editionsMax = 60
const namesMax = 100

type Words = Omit<SeriesState, 'version' | 'createdAt' | 'updatedAt' | 'estimates'>

/**
 * What search finds a conference by, and shows of it: title, what it stands for, other names, area, ranks, and of each
 * edition its year, key and place. The migration that laid the column says the same in SQL.
 * @example 'PLDI · Programming Languages · SE · CCF A · pldi · PLDI 2027 (PLDI'27, pldi27), Seattle, USA'
 */
export function searchTextOf(series: Words): string {
  const { title, description, sub } = series
  const aliases = inOrder(series.aliases).slice(0, namesMax)
  const names = aliases.map(({ name }) => name).join(', ')
  const head = joined([title, description, names, sub, ranksOf(series)])
  const editions = series.editions
    .toSorted(newestFirst)
    .slice(0, editionsMax)
    .map((edition) => editionText(title, edition))
  // The parser takes `ESEC/FSE` for the name of a file: neither of the two would be found.
  const apart = head.includes('/') ? head.replaceAll('/', ' ') : ''
  return joined([head, ...editions, apart])
}

const joined = (parts: readonly string[]): string => parts.filter(Boolean).join(' · ')

const ranksOf = ({ rankCcf, rankCore, rankThcpl }: Words): string =>
  [rankCcf && `CCF ${rankCcf}`, rankCore && `CORE ${rankCore}`, rankThcpl && `TH-CPL ${rankThcpl}`]
    .filter(Boolean)
    .join(', ')

const newestFirst = (a: EditionState, b: EditionState): number =>
  b.year - a.year || (a.key < b.key ? -1 : 1)

function editionText(title: string, { year, key, place }: EditionState): string {
  const text = `${title} ${year} (${title}'${String(year).slice(-2)}, ${key})`
  return place === '' ? text : `${text}, ${place.replaceAll('/', ' / ')}`
}
