import { expect, test } from 'vitest'
import { fourInARow } from './four-in-a-row.ts'

type State = ReturnType<typeof fourInARow.initial>
const usual = { columns: 7, rows: 6 }

function courses(state: State, depth: number): number {
  const { turn } = state
  if (depth === 0 || turn === null) return depth === 0 ? 1 : 0
  const legal = fourInARow.legalMoves(state)
  if (depth === 1) return legal.length
  return legal.reduce((sum, move) => {
    const { state: after } = fourInARow.play(state, turn, move)
    return sum + (after ? courses(after, depth - 1) : Number.NaN)
  }, 0)
}

test.each([
  [1, 7],
  [4, 2_401],
  [6, 117_649],
  [7, 823_536], // less than 7 to the power of 7: a column is full after six
])(
  'from the start there are, in %i moves, %i courses of a game',
  (depth, count) => {
    expect(courses(fourInARow.initial(usual, 2), depth)).toBe(count)
  },
  60_000,
)

const played = (state: State, columns: readonly number[]): State =>
  columns.reduce((now, column) => {
    const { state: after, refusal } = fourInARow.play(now, now.turn ?? 0, { column })
    if (!after) throw new Error(`${column}: ${refusal.detail}`)
    return after
  }, state)

test.each([
  ['across', [1, 1, 2, 2, 3, 3, 4]],
  ['down', [1, 2, 1, 2, 1, 2, 1]],
  ['rising', [1, 2, 2, 3, 3, 4, 3, 4, 4, 6, 4]],
  ['falling', [7, 6, 6, 5, 5, 4, 5, 4, 4, 2, 4]],
  ['with the last disc between the others', [1, 1, 2, 2, 4, 4, 3]],
])('four in a line %s win', (_, columns) => {
  const state = played(fourInARow.initial(usual, 2), columns)
  expect(state).toMatchObject({ turn: null, winner: 1 })
  expect(fourInARow.winnersOf(state)).toEqual([1])
  expect(fourInARow.legalMoves(state)).toEqual([])
  expect(fourInARow.play(state, 2, { column: 7 }).refusal?.reason).toBe('over')
})

test('a full board without a winner is a draw', () => {
  const columns = [1, 2, 1, 2, 2, 1, 2, 1, 3, 4, 3, 4, 4, 3, 4, 3]
  const state = played(fourInARow.initial({ columns: 4, rows: 4 }, 2), columns)
  expect(state).toMatchObject({ turn: null, winner: null })
  expect(fourInARow.winnersOf(state)).toEqual([])
})

test('three players follow each other in turn', () => {
  const state = played(fourInARow.initial(usual, 3), [1, 1, 1, 1])
  expect(state.turn).toBe(2)
  expect(state.board.map((row) => row[0]).join('')).toBe('..1321')
})

test('a full column, one that is not there and another’s turn are refused with their reason', () => {
  const state = played(fourInARow.initial(usual, 2), [1, 1, 1, 1, 1, 1])
  const refusal = (column: number, seat = 1) => fourInARow.play(state, seat, { column }).refusal
  expect(refusal(1)).toEqual({ reason: 'illegal', detail: 'Column 1 is full.' })
  expect(refusal(8)).toEqual({ reason: 'illegal', detail: 'The board has no column 8.' })
  expect(refusal(2, 2)?.reason).toBe('not_your_turn')
})
