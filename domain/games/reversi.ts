import * as z from 'zod'
import { type Played, type Rules, refused } from './rules.ts'

type Options = { size: number }
type State = {
  /** Rows from the top (rank 1), each a character a square: `b`, `w`, or `.` for an empty one. */
  board: string[]
  turn: 1 | 2 | null
}
type Move = { square: string }

const discs = { 1: 'b', 2: 'w' } as const
const empty = '.'
const sizes = [4, 6, 8, 10]

const directions = [-1, 0, 1].flatMap((down) =>
  [-1, 0, 1].flatMap((right) => (down === 0 && right === 0 ? [] : [{ down, right }])),
)

/** Squares in one string, row after row: a quarter of the work of looking them up by row and column. */
type Position = { squares: string; size: number }

const positionOf = ({ board }: State): Position => ({
  squares: board.join(''),
  size: board.length,
})

const boardOf = ({ squares, size }: Position): string[] =>
  Array.from({ length: size }, (_, row) => squares.slice(row * size, (row + 1) * size))

type Direction = (typeof directions)[number]

/** The other side's discs between a square and the nearest own one in a direction; none when there is no own one. */
function enclosed(
  { squares, size }: Position,
  from: number,
  { disc, down, right }: Direction & { disc: string },
): number[] {
  const found: number[] = []
  let row = Math.floor(from / size) + down
  let column = (from % size) + right
  while (row >= 0 && row < size && column >= 0 && column < size) {
    const at = row * size + column
    const there = squares[at]
    if (there === disc) return found
    if (there === empty) return []
    found.push(at)
    row += down
    column += right
  }
  return []
}

/** What a disc put on a square would turn over; it may be put there when that is something. */
const turnedOver = (position: Position, from: number, disc: string): number[] =>
  directions.flatMap((direction) => enclosed(position, from, { disc, ...direction }))

const isLegal = (position: Position, from: number, disc: string): boolean =>
  position.squares[from] === empty &&
  directions.some((direction) => enclosed(position, from, { disc, ...direction }).length > 0)

function legalSquares(position: Position, disc: string): number[] {
  const all = Array.from(position.squares, (_, index) => index)
  return all.filter((index) => isLegal(position, index, disc))
}

const canPlay = (position: Position, disc: string): boolean =>
  Array.from(position.squares).some((_, index) => isLegal(position, index, disc))

const letters = 'abcdefghij'

const nameOf = (index: number, size: number): string =>
  `${letters[index % size]}${Math.floor(index / size) + 1}`

/** @returns `null` for a square that the board does not have */
function indexOf(square: string, size: number): number | null {
  const column = letters.indexOf(square.slice(0, 1))
  const row = Number(square.slice(1)) - 1
  return column < size && row < size ? row * size + column : null
}

function initial({ size }: Options): State {
  const [low, high] = [size / 2 - 1, size / 2]
  const discAt = (row: number, column: number): string => {
    const isMiddle = [row, column].every((place) => place === low || place === high)
    if (!isMiddle) return empty
    return row === column ? discs[2] : discs[1]
  }
  const places = Array.from({ length: size }, (_, place) => place)
  const board = places.map((row) => places.map((column) => discAt(row, column)).join(''))
  return { board, turn: 1 }
}

const other = (seat: 1 | 2): 1 | 2 => (seat === 1 ? 2 : 1)

function play(state: State, seat: number, { square }: Move): Played<State> {
  const { turn } = state
  if (turn === null) return refused('over', 'The game is over.')
  if (seat !== turn) return refused('not_your_turn', `It is the turn of seat ${turn}.`)
  const position = positionOf(state)
  const index = indexOf(square, position.size)
  if (index === null) return refused('illegal', `The board has no square ${square}.`)
  if (position.squares[index] !== empty) return refused('illegal', `${square} is taken.`)
  const turned = new Set(turnedOver(position, index, discs[turn]))
  if (turned.size === 0) return refused('illegal', `A disc on ${square} turns none over.`)
  const squares = Array.from(position.squares, (disc, at) =>
    at === index || turned.has(at) ? discs[turn] : disc,
  ).join('')
  const after = { ...position, squares }
  const isOver = !canPlay(after, discs[other(turn)]) && !canPlay(after, discs[turn])
  return { state: { board: boardOf(after), turn: isOver ? null : other(turn) }, refusal: null }
}

function scoresOf({ board }: State): number[] {
  const all = Array.from(board.join(''))
  return [discs[1], discs[2]].map((disc) => all.filter((square) => square === disc).length)
}

/** Reversi as it is played today, with the four discs in the middle at the start; also known as Othello. */
export const reversi: Rules<Options, State, Move> = {
  name: 'reversi',
  version: 1,
  title: 'Reversi',
  description: `Seat 1 has the black discs and begins. A disc is put on an empty square so that it encloses discs of the other
side in a straight line, and turns all of these over. Who cannot do that passes, which the server does for them. The game is
over when neither can; who has more discs has won.`,
  seats: { min: 2, max: 2 },
  allowsDraw: true,
  options: z.strictObject({
    size: z
      .int()
      .refine((size) => sizes.includes(size), `Must be one of ${sizes.join(', ')}.`)
      .default(8)
      .meta({ description: 'Squares on a side.', enum: sizes }),
  }),
  move: z.strictObject({
    square: z
      .string()
      .regex(/^[a-j](?:10|[1-9])$/, 'Must be a column from a and a row from 1, as in d3.')
      .meta({ description: 'Column from the left and row from the top.', example: 'd3' }),
  }),
  initial,
  turnOf: ({ turn }) => turn,
  legalMoves(state) {
    if (state.turn === null) return []
    const position = positionOf(state)
    return legalSquares(position, discs[state.turn]).map((index) => ({
      square: nameOf(index, position.size),
    }))
  },
  play,
  pass: (state) => ({ ...state, turn: state.turn && other(state.turn) }),
  winnersOf(state) {
    const [black = 0, white = 0] = scoresOf(state)
    if (black === white) return []
    return black > white ? [1] : [2]
  },
  scoresOf,
}
