import { expect, test } from 'vitest'
import { releasedCourses } from '../../test/fixtures/game-courses.ts'
import { catalogue, newestRules, rulesOf } from './catalogue.ts'
import { type KeptMove, replay, step } from './course.ts'
import type { AnyRules, Plain } from './rules.ts'

const gamesEach = process.env.OCTAVO_TEST_LONG === '1' ? 200 : 50

/** Small seeded generator (mulberry32), so that a failing game can be played again. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const pick = <T>(values: readonly T[], random: () => number): T => {
  const value = values[Math.floor(random() * values.length)]
  if (value === undefined) throw new Error('nothing to pick from')
  return value
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null)
    for (const part of Object.values(Object.freeze(value))) frozen(part)
  return value
}

/** What the database gives back for a state. */
const stored = (state: Plain): Plain => frozen(JSON.parse(JSON.stringify(state)))

type Course = { seats: number; options: Plain; moves: KeptMove[]; states: (Plain | null)[] }

/** A whole game of random legal moves; `states[n]` is the one after move n, as it was stored. */
function randomCourse(rules: AnyRules, seed: number): Course {
  const random = seededRandom(seed)
  const { min, max } = rules.seats
  const seats = min + Math.floor(random() * (max - min + 1))
  const options = rules.options.parse({})
  const moves: KeptMove[] = []
  const states: Course['states'] = [stored(rules.initial(options, seats))]
  for (;;) {
    const state = states.at(-1) ?? {}
    const seat = rules.turnOf(state)
    if (seat === null) return { seats, options, moves, states }
    const move = frozen(pick(rules.legalMoves(state), random))
    const next = step(rules, state, { seat, move })
    if (next.refusal) throw new Error(`a legal move was refused: ${next.refusal.detail}`)
    moves.push(...next.moves)
    // Only the last state of a move with passes behind it is stored; `null` stands for the others.
    for (const _ of next.moves.slice(1)) states.push(null)
    states.push(stored(next.state))
  }
}

const each = catalogue.map((rules) => [rules.name, rules] as const)

test.each(each)(
  '%s: a stored state equals the replay at every move of random games',
  (_, rules) => {
    for (let seed = 1; seed <= gamesEach; seed += 1) {
      const { seats, options, moves, states } = randomCourse(rules, seed)
      expect(states).toHaveLength(moves.length + 1)
      for (const [count, state] of states.entries()) {
        const replayed = replay(rules, { options, seats }, moves.slice(0, count))
        if (state) expect(stored(replayed), `seed ${seed}, move ${count}`).toEqual(state)
        expect(rules.turnOf(replayed)).toBe(moves[count]?.seat ?? null)
      }
    }
  },
  60_000,
)

test.each(each)(
  '%s: what is legal is played, and all else is refused',
  (_, rules) => {
    for (let seed = 1; seed <= 40; seed += 1) {
      const { options, seats, ...course } = randomCourse(rules, seed)
      const states = course.states.filter((state) => state !== null)
      const everything = possibleMoves(rules, states)
      for (const state of states) {
        const seat = rules.turnOf(state) ?? 1
        const legal = new Set(rules.legalMoves(state).map((move) => JSON.stringify(move)))
        for (const text of everything) {
          const { refusal } = rules.play(state, seat, JSON.parse(text))
          expect(refusal === null, `${text} in ${JSON.stringify(state)}`).toBe(legal.has(text))
        }
      }
      expect(rules.legalMoves(rules.initial(options, seats))).not.toEqual([])
    }
  },
  60_000,
)

/** Every move that was legal anywhere in a game, as text: the board's own moves. */
const possibleMoves = (rules: AnyRules, states: readonly Plain[]): ReadonlySet<string> =>
  new Set(states.flatMap((state) => rules.legalMoves(state).map((move) => JSON.stringify(move))))

test.each(each)('%s: at the end nobody moves, and those who have won had a seat', (_, rules) => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const { seats, states } = randomCourse(rules, seed)
    const end = states.at(-1) ?? {}
    expect(rules.legalMoves(end)).toEqual([])
    for (const winner of rules.winnersOf(end)) expect(winner).toBeLessThanOrEqual(seats)
    const scores = rules.scoresOf(end)
    if (scores) expect(scores).toHaveLength(seats)
    expect(rules.play(end, 1, {}).refusal?.reason).toBe('over')
  }
})

test.each(releasedCourses)(
  '$rules in version $rulesVersion gives what it gave when it was released',
  (course) => {
    const { options, seats, played, toMove, board, winners } = course
    const rules = rulesOf(course)
    const moves = played.split(/\s+/).map((text, index): KeptMove => {
      const seat = (index % seats) + 1
      return text === 'pass'
        ? { seat, kind: 'pass', move: null }
        : { seat, kind: 'play', move: toMove(text) }
    })
    const end = replay(rules, { options, seats }, moves)
    expect(end).toMatchObject({ board })
    expect(rules.turnOf(end)).toBeNull()
    expect(rules.winnersOf(end)).toEqual(winners)
  },
)

test('every version that new games begin with has such a game', () => {
  const covered = releasedCourses.map(({ rules, rulesVersion }) => `${rules} ${rulesVersion}`)
  for (const { name, version } of catalogue) expect(covered).toContain(`${name} ${version}`)
})

test('new games begin with the newest version, and unknown rules are none', () => {
  expect(newestRules('reversi')).toMatchObject({ name: 'reversi', version: 1 })
  expect(newestRules('chess')).toBeNull()
  expect(() => rulesOf({ rules: 'reversi', rulesVersion: 99 })).toThrow(/no rules of reversi/)
})

test('a kept move that the rules refuse is no state, but an error', () => {
  const rules = rulesOf({ rules: 'reversi', rulesVersion: 1 })
  const moves = [{ seat: 1, kind: 'play' as const, move: { square: 'a1' } }]
  expect(() => replay(rules, { options: { size: 8 }, seats: 2 }, moves)).toThrow(/move 1/)
})
