import type { SeriesPlan } from './planning.ts'
import { nameKeyOf, type SourceSeries } from './source.ts'
import type { AliasState, SeriesState } from './state.ts'
import { fieldSentence } from './wording.ts'

/** Names are never forgotten: an earlier title, the key in dblp, and what keys of editions begin with. */
export function aliasesOf(
  before: SeriesState,
  { title, dblp, editions }: SourceSeries,
): AliasState[] {
  const stems = new Set(editions.map(({ key }) => /^(\D{2,})\d+$/.exec(key)?.[1] ?? ''))
  const wanted: AliasState[] = [
    ...(before.title === title ? [] : [{ name: before.title, kind: 'title' as const }]),
    { name: dblp, kind: 'dblp' },
    ...[...stems].map((name) => ({ name, kind: 'edition' as const })),
  ]
  const aliases = before.aliases.filter(({ name }) => nameKeyOf(name) !== nameKeyOf(title))
  const keys = new Set([title, ...aliases.map(({ name }) => name)].map(nameKeyOf))
  for (const alias of wanted) {
    if (alias.name === '' || keys.has(nameKeyOf(alias.name))) continue
    keys.add(nameKeyOf(alias.name))
    aliases.push(alias)
  }
  return inOrder(aliases)
}

/** As the data base gives them back. */
export const inOrder = (aliases: readonly AliasState[]): AliasState[] =>
  aliases.toSorted((a, b) => (nameKeyOf(a.name) < nameKeyOf(b.name) ? -1 : 1))

/** What a series becomes when people give it these names instead of those that people gave it before. */
export function planGivenNames(known: SeriesState, names: readonly string[], at: Date): SeriesPlan {
  const others = known.aliases.filter(({ kind }) => kind !== 'given')
  const keys = new Set([known.title, ...others.map(({ name }) => name)].map(nameKeyOf))
  const given: AliasState[] = []
  for (const name of names) {
    if (keys.has(nameKeyOf(name))) continue
    keys.add(nameKeyOf(name))
    given.push({ name, kind: 'given' })
  }
  const aliases = inOrder([...others, ...given])
  const [before, after] = [known.aliases, aliases].map(shownNames) as [string, string]
  if (before === after) return { state: known, isNew: false, isChanged: false, changes: [] }
  const change = {
    ...{ editionId: null, deadlineId: null, kind: 'changed' as const, field: 'aliases' },
    ...{ oldValue: before, newValue: after },
    sentence: fieldSentence(known.title, 'aliases', [before, after]),
  }
  const versioned = { version: known.version + 1, updatedAt: at.toISOString() }
  const state = { ...known, ...versioned, aliases }
  return { state, isNew: false, isChanged: true, changes: [change] }
}

const shownNames = (aliases: readonly AliasState[]): string =>
  aliases.map(({ name }) => name).join(', ')
