import type { ReadFile } from './importing.ts'
import { nameKeyOf, type SourceSeries } from './source.ts'

/** Names of what was found, the first ones of them. */
export type Named = { count: number; names: string[] }

/** What a source holds, as far as checks ask. Plain JSON: it is kept with the import that it belongs to. */
export type SourceFacts = {
  files: number
  broken_files: number
  series: number // that can be imported
  editions: number
  deadlines: number // those not known yet too
  refused: number // conferences with mistakes
  newest_deadline_at: string | null // RFC 3339
  newest_year: number | null
  twice: Named // conferences that stand in it more than once
  same_name: Named // different ones of one title
  same_year: Named // editions of one conference and year
  same_key: Named // editions of different conferences
  problems: string[] // the first mistakes
}

const namesMax = 20
const nameCharactersMax = 200

/** Says what was read; changes nothing. */
export function factsOf(files: readonly ReadFile[]): SourceFacts {
  const entries = files.flatMap(({ path, entries: ofFile }) =>
    ofFile.map((entry) => ({ ...entry, path })),
  )
  const all = entries.flatMap(({ series }) => series ?? [])
  const editions = all.flatMap((series) => series.editions)
  const deadlines = editions.flatMap(({ rounds }) => rounds.flatMap((round) => round.deadlines))
  return {
    files: files.length,
    broken_files: files.filter(({ fault }) => fault !== null).length,
    ...{ series: all.length, editions: editions.length, deadlines: deadlines.length },
    refused: entries.length - all.length,
    newest_deadline_at: newestOf(deadlines.flatMap(({ at }) => at ?? [])),
    newest_year: editions.reduce<number | null>(
      (newest, { year }) => Math.max(newest ?? 0, year),
      null,
    ),
    ...repeatsOf(all),
    problems: problemsOf(files, entries),
  }
}

const newestOf = (times: readonly Date[]): string | null =>
  times.length === 0
    ? null
    : new Date(
        times.reduce((newest, at) => Math.max(newest, at.getTime()), -Infinity),
      ).toISOString()

function repeatsOf(all: readonly SourceSeries[]) {
  const byTitle = [...Map.groupBy(all, ({ title }) => nameKeyOf(title)).values()]
  const distinct = (group: readonly SourceSeries[]) =>
    Math.max(1, new Set(group.flatMap(({ dblp }) => dblp || [])).size)
  const editions = all.flatMap(({ title, editions: ofSeries }) =>
    ofSeries.map(({ key, year }) => ({ key, year, title })),
  )
  const sameYear = Map.groupBy(editions, ({ title, year }) => `${title} ${year}`)
  const sameKey = Map.groupBy(editions, ({ key }) => nameKeyOf(key))
  const titlesOf = (group: readonly { title: string }[]) =>
    new Set(group.map(({ title }) => nameKeyOf(title))).size
  return {
    twice: named(byTitle, (group) => [group[0]?.title ?? '', group.length - distinct(group)]),
    same_name: named(byTitle, (group) => [group[0]?.title ?? '', distinct(group) - 1]),
    same_year: named([...sameYear], ([name, group]) => [name, group.length - 1]),
    same_key: named([...sameKey], ([, group]) => [group[0]?.key ?? '', titlesOf(group) - 1]),
  }
}

/** @param surplusOf a group's name, and how many are too many in it */
function named<Group>(
  groups: readonly Group[],
  surplusOf: (group: Group) => [name: string, surplus: number],
): Named {
  const found = groups.map(surplusOf).filter(([, surplus]) => surplus > 0)
  return {
    count: found.reduce((sum, [, surplus]) => sum + surplus, 0),
    names: found.slice(0, namesMax).map(([name]) => name.slice(0, nameCharactersMax)),
  }
}

type Entry = ReadFile['entries'][number] & { path: string | null }

function problemsOf(files: readonly ReadFile[], entries: readonly Entry[]): string[] {
  const placed = (path: string | null, line: number) =>
    path === null ? `line ${line}` : `${path}, line ${line}`
  const broken = files.flatMap(({ path, fault }) =>
    fault ? [`${placed(path, fault.line)}: ${fault.detail}`] : [],
  )
  const mistakes = entries.flatMap(({ path, problems }) =>
    problems
      .filter(({ severity }) => severity === 'error')
      .map(({ line, detail }) => `${placed(path, line)}: ${detail}`),
  )
  return [...broken, ...mistakes].slice(0, namesMax).map((text) => text.slice(0, 300))
}
