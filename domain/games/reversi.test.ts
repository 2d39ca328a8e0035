import { expect, test } from 'vitest'
import { reversi } from './reversi.ts'

type State = ReturnType<typeof reversi.initial>

/** How many courses of so many moves there are; having to pass is a move. The last ones are counted, not played. */
function courses(state: State, depth: number): number {
  const { turn } = state
  if (depth === 0 || turn === null) return depth === 0 ? 1 : 0
  const legal = reversi.legalMoves(state)
  if (legal.length === 0) return courses(reversi.pass(state), depth - 1)
  if (depth === 1) return legal.length
  return legal.reduce((sum, move) => {
    const { state: after } = reversi.play(state, turn, move)
    return sum + (after ? courses(after, depth - 1) : Number.NaN)
  }, 0)
}

// Known since the 1990s and found by every correct move generator.
test.each([
  [1, 4],
  [2, 12],
  [3, 56],
  [4, 244],
  [5, 1_396],
  [6, 8_200],
  [7, 55_092],
  [8, 390_216],
])(
  'from the start there are, in %i moves, %i courses of a game',
  (depth, count) => {
    expect(courses(reversi.initial({ size: 8 }, 2), depth)).toBe(count)
  },
  60_000,
)

const played = (state: State, squares: string): State =>
  squares.split(' ').reduce((now, square) => {
    const { state: after, refusal } = reversi.play(now, now.turn ?? 0, { square })
    if (!after) throw new Error(`${square}: ${refusal.detail}`)
    return after
  }, state)

test('a disc turns over all that it encloses, in every direction at once', () => {
  const board = [
    '........',
    'b..b..b.',
    '.w.w.w..',
    '..www...',
    'bww.wwwb',
    '..www...',
    '.w.w.w..',
    'b..b..b.',
  ]
  const { state } = reversi.play({ board, turn: 1 }, 1, { square: 'd5' })
  expect(state?.board).toEqual([
    '........',
    'b..b..b.',
    '.b.b.b..',
    '..bbb...',
    'bbbbbbbb',
    '..bbb...',
    '.b.b.b..',
    'b..b..b.',
  ])
  expect(state?.turn).toBeNull() // no white disc is left
})

test('discs at the edge of the board with nothing behind them are not turned over', () => {
  const board = ['.wwwwwww', ...Array.from({ length: 6 }, () => '........'), 'bw......']
  const { refusal } = reversi.play({ board, turn: 1 }, 1, { square: 'a1' })
  expect(refusal).toEqual({ reason: 'illegal', detail: 'A disc on a1 turns none over.' })
})

test('what is no move is refused with its reason', () => {
  const start = reversi.initial({ size: 8 }, 2)
  const refusal = (square: string, seat = 1) => reversi.play(start, seat, { square }).refusal
  expect(refusal('d4')).toEqual({ reason: 'illegal', detail: 'd4 is taken.' })
  expect(refusal('a1')).toEqual({ reason: 'illegal', detail: 'A disc on a1 turns none over.' })
  expect(refusal('j10')).toEqual({ reason: 'illegal', detail: 'The board has no square j10.' })
  expect(refusal('d3', 2)).toEqual({ reason: 'not_your_turn', detail: 'It is the turn of seat 1.' })
  expect(reversi.legalMoves(start).map(({ square }) => square)).toEqual(['d3', 'c4', 'f5', 'e6'])
})

test('the shortest game of all ends after nine moves, when one side has no disc left', () => {
  const state = played(reversi.initial({ size: 8 }, 2), 'e6 f4 e3 f6 g5 d6 e7 f5 c5')
  expect(state.turn).toBeNull()
  expect(reversi.scoresOf(state)).toEqual([13, 0])
  expect(reversi.winnersOf(state)).toEqual([1])
  expect(reversi.legalMoves(state)).toEqual([])
  expect(reversi.play(state, 2, { square: 'a1' }).refusal?.reason).toBe('over')
})

test('who cannot move passes, and the other side goes on', () => {
  const board = ['.wb.', '....', '....', '....']
  const before: State = { board: ['bwb.', '....', 'bw..', '....'], turn: 2 }
  expect(reversi.legalMoves({ board, turn: 2 })).toEqual([{ square: 'd1' }])
  const { state } = reversi.play(before, 2, { square: 'd1' })
  expect(state).toEqual({ board: ['bwww', '....', 'bw..', '....'], turn: 1 })
  const blocked: State = { board: ['bww.', '....', '....', '....'], turn: 2 }
  expect(reversi.legalMoves(blocked)).toEqual([])
  expect(reversi.pass(blocked)).toEqual({ ...blocked, turn: 1 })
  expect(reversi.legalMoves(reversi.pass(blocked))).toEqual([{ square: 'd1' }])
})

test('as many discs on both sides are a draw', () => {
  const state: State = { board: ['bbww', 'wwbb', '....', '....'], turn: null }
  expect(reversi.winnersOf(state)).toEqual([])
})

// The smallest board was solved by exhaustion: with best play on both sides the second player wins by 3 to 11.
test('on the board of four the second player wins with best play, 3 to 11', {
  timeout: 60_000,
}, () => {
  const known = new Map<string, number>()
  const best = (state: State): number => {
    const [black = 0, white = 0] = reversi.scoresOf(state) ?? []
    if (state.turn === null) return black - white
    const key = `${state.board.join('')}${state.turn}`
    const found = known.get(key)
    if (found !== undefined) return found
    const { turn } = state
    const legal = reversi.legalMoves(state)
    const after = legal.flatMap((move) => reversi.play(state, turn, move).state ?? [])
    const values = (after.length > 0 ? after : [reversi.pass(state)]).map(best)
    const value = turn === 1 ? Math.max(...values) : Math.min(...values)
    known.set(key, value)
    return value
  }
  expect(best(reversi.initial({ size: 4 }, 2))).toBe(3 - 11)
})
