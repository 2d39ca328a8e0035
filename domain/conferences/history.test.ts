import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { conferenceYaml } from '../../test/fixtures/conferences.ts'
import { eventOf } from './event.ts'
import { planSeries } from './planning.ts'
import { readCcfddl } from './reading.ts'
import type { SourceSeries } from './source.ts'
import type { SeriesState } from './state.ts'

type Years = Parameters<typeof conferenceYaml>[0]

function sourceOf(years: Years): SourceSeries {
  const [entry] = readCcfddl(conferenceYaml(years))
  if (!entry?.series) throw new Error(JSON.stringify(entry?.problems))
  return entry.series
}

const ids = (function* () {
  for (let made = 1; ; made += 1) yield `id${String(made).padStart(8, '0')}`
})()
const contextOf = (second: number) => ({
  at: new Date(1_750_000_000_000 + second * 1_000).toISOString(),
  newId: () => ids.next().value,
})

/** What calendars show of each deadline, by its id. */
const eventsOf = (series: SeriesState) =>
  new Map(
    series.editions.flatMap(({ year, rounds, ...edition }) => {
      const count = rounds.filter(({ isWithdrawn }) => !isWithdrawn).length
      return rounds.flatMap(({ number, comment, deadlines }) =>
        deadlines.map(({ id, kind, at, isWithdrawn, sequence, ...due }) => {
          const { title, sub, description: seriesDescription } = series
          const round = { number, comment, count }
          const named = { title, sub, year, kind, round, seriesDescription }
          const given = { ...edition, ...due }
          const shown = eventOf({ ...named, at, isWithdrawn, basis: null, given })
          return [id, { sequence, shown: JSON.stringify(shown) }] as const
        }),
      )
    }),
  )

const paper = fc.integer({ min: 1, max: 28 }).map((day) => `2026-06-${day} 12:00`)
const round = fc.record(
  {
    paper: fc.oneof(paper, fc.constant('TBD')),
    abstract: paper,
    comment: fc.constantFrom('Spring', 'Fall'),
  },
  { requiredKeys: ['paper'] },
)
const yearOf = (year: number) =>
  fc.record({
    year: fc.constant(year),
    rounds: fc.array(round, { maxLength: 4 }),
    zone: fc.constantFrom('AoE', 'UTC-12', 'UTC'),
    place: fc.constantFrom('Oslo', 'Bergen'),
  })
const file = fc.tuple(yearOf(2025), yearOf(2026), yearOf(2027))
const history = fc.array(file, { minLength: 1, maxLength: 6 })
const runs = { numRuns: 150, seed: 6 }

/** Of rounds that all have names the order tells nothing. */
const shownRounds = (series: SeriesState) =>
  series.editions.map(({ rounds }) =>
    rounds
      .filter(({ isWithdrawn }) => !isWithdrawn)
      .map(({ comment, deadlines }) => [
        comment,
        ...deadlines
          .filter(({ isWithdrawn }) => !isWithdrawn)
          .map(({ kind, localText, at }) => [kind, localText, at]),
      ])
      .map((shown) => JSON.stringify(shown))
      .toSorted(),
  )

test('after any history of files a series has what the last one says, and that file again changes nothing', async () => {
  await fc.assert(
    fc.property(history, (files) => {
      let state: SeriesState | null = null
      for (const [second, years] of files.entries()) {
        const source = sourceOf(years)
        state = planSeries(state, source, contextOf(second)).state
        const again = planSeries(state, source, contextOf(second + 0.5))
        expect([again.isChanged, again.changes]).toEqual([false, []])
        const anew = planSeries(null, source, contextOf(second)).state
        expect(shownRounds(state)).toEqual(shownRounds(anew))
      }
    }),
    runs,
  )
})

test('in any history an event keeps its UID, and its SEQUENCE grows by one when what it shows changes, else not', async () => {
  await fc.assert(
    fc.property(history, (files) => {
      let state: SeriesState | null = null
      for (const [second, years] of files.entries()) {
        const next: SeriesState = planSeries(state, sourceOf(years), contextOf(second)).state
        const events = eventsOf(next)
        for (const [id, before] of state ? eventsOf(state) : []) {
          const after = events.get(id)
          const growth = before.shown === after?.shown ? 0 : 1
          expect(after?.sequence).toBe(before.sequence + growth)
        }
        state = next
      }
    }),
    runs,
  )
})

test('whatever was withdrawn before, an extension is one change of the deadline that it extends', async () => {
  await fc.assert(
    fc.property(history, fc.nat(), fc.integer({ min: 1, max: 31 }), (files, which, day) => {
      let state: SeriesState | null = null
      for (const [second, years] of files.entries())
        state = planSeries(state, sourceOf(years), contextOf(second)).state
      const last = structuredClone(files.at(-1) ?? [])
      const rounds = last.flatMap((one) => one.rounds)
      const extended = rounds[which % rounds.length]
      if (!extended) return
      const verb = extended.paper === 'TBD' ? 'set' : 'extended'
      extended.paper = `2026-07-${day} 12:00`
      const { changes } = planSeries(state, sourceOf(last), contextOf(9))
      expect(changes).toMatchObject([{ kind: 'changed', field: 'paper' }])
      expect(changes[0]?.sentence).toContain(` ${verb} from `)
    }),
    runs,
  )
})
