import * as z from 'zod'
import { type Played, type Rules, refused } from './rules.ts'

type Options = { columns: number; rows: number }
type State = {
  /** Rows from the top, each a character a place: the number of a seat, or `.` for an empty one. */
  board: string[]
  seats: number
  turn: number | null
  winner: number | null
}
type Move = { column: number }

const empty = '.'
const inARow = 4

/** Right, down, and the two that fall: the other four are these, seen from their other end. */
const lines = [
  { down: 0, right: 1 },
  { down: 1, right: 0 },
  { down: 1, right: 1 },
  { down: 1, right: -1 },
]

const side = (what: string, count: number) =>
  z.int().min(inARow).max(12).default(count).meta({ description: what })

const columnsOf = ({ board }: State): number => board[0]?.length ?? 0
const isFree = ({ board }: State, column: number): boolean => board[0]?.[column - 1] === empty

/** How many discs of a kind lie next to each other from a place on, without it. */
function runFrom(
  board: readonly string[],
  { row, column }: { row: number; column: number },
  step: { down: number; right: number },
): number {
  const disc = board[row]?.[column]
  let length = 0
  const next = () => board[row + step.down * (length + 1)]?.[column + step.right * (length + 1)]
  while (next() === disc) length += 1
  return length
}

const isWon = (board: readonly string[], at: { row: number; column: number }): boolean =>
  lines.some(({ down, right }) => {
    const both =
      runFrom(board, at, { down, right }) + runFrom(board, at, { down: -down, right: -right })
    return both + 1 >= inARow
  })

function play(state: State, seat: number, { column }: Move): Played<State> {
  const { board, seats, turn } = state
  if (turn === null) return refused('over', 'The game is over.')
  if (seat !== turn) return refused('not_your_turn', `It is the turn of seat ${turn}.`)
  if (column > columnsOf(state)) return refused('illegal', `The board has no column ${column}.`)
  if (!isFree(state, column)) return refused('illegal', `Column ${column} is full.`)
  const place = column - 1
  const row = board.findLastIndex((squares) => squares[place] === empty)
  const after = board.map((squares, index) =>
    index === row ? `${squares.slice(0, place)}${seat}${squares.slice(place + 1)}` : squares,
  )
  if (isWon(after, { row, column: place }))
    return { state: { board: after, seats, turn: null, winner: seat }, refusal: null }
  const isFull = !after[0]?.includes(empty)
  const next = isFull ? null : (seat % seats) + 1
  return { state: { board: after, seats, turn: next, winner: null }, refusal: null }
}

/** Discs fall into columns; for two players on the usual board it is Connect Four. */
export const fourInARow: Rules<Options, State, Move> = {
  name: 'four-in-a-row',
  version: 1,
  title: 'Four in a row',
  description: `In turn everybody drops a disc into a column that is not full. Who has four of their own in a straight line has
won; a full board without that is a draw.`,
  seats: { min: 2, max: 4 },
  allowsDraw: true,
  options: z.strictObject({
    columns: side('From left to right.', 7),
    rows: side('From top to bottom.', 6),
  }),
  move: z.strictObject({
    column: z.int().min(1).max(12).meta({ description: 'From the left.', example: 4 }),
  }),
  initial: ({ columns, rows }, seats) => ({
    board: Array.from({ length: rows }, () => empty.repeat(columns)),
    ...{ seats, turn: 1, winner: null },
  }),
  turnOf: ({ turn }) => turn,
  legalMoves(state) {
    if (state.turn === null) return []
    const columns = Array.from({ length: columnsOf(state) }, (_, index) => index + 1)
    return columns.filter((column) => isFree(state, column)).map((column) => ({ column }))
  },
  play,
  pass: (state) => state, // nobody ever has to: a board without a free column is full
  winnersOf: ({ winner }) => (winner === null ? [] : [winner]),
  scoresOf: () => null,
}
