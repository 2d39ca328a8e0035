import type * as z from 'zod'

/** What options, states and moves are on the wire and in the database: plain JSON objects. */
export type Plain = Record<string, unknown>

/**
 * Why a move was not taken. `over`: the game has ended. `illegal`: the rules do not allow it here; `detail` says why.
 */
export type MoveRefusal = { reason: 'over' | 'not_your_turn' | 'illegal'; detail: string }

/** What became of a move: the state behind it, or why there is none. */
export type Played<State> = { state: State; refusal: null } | { state: null; refusal: MoveRefusal }

/**
 * The rules of one game: pure and deterministic, so that its moves give the same states whenever they are replayed. What
 * depends on chance has to come from the options. Nothing that is passed in is ever changed.
 *
 * Seats count from 1, and seat 1 begins. A game keeps the version that it began with: released rules never change what
 * they give for the same moves, and a change of them is a new version beside the old one in the catalogue.
 */
export type Rules<Options extends Plain, State extends Plain, Move extends Plain> = {
  readonly name: string
  readonly version: number
  readonly title: string
  readonly description: string
  readonly seats: { readonly min: number; readonly max: number }
  /** May the players agree on a draw? */
  readonly allowsDraw: boolean
  /** Every option has a default. */
  readonly options: z.ZodType<Options>
  readonly move: z.ZodType<Move>
  /** The state before the first move; seat 1 has a legal one. */
  initial(options: Options, seats: number): State
  /** Whose turn it is; `null`: the game is over. */
  turnOf(state: State): number | null
  /** Those of the seat in turn, in a fixed order. None while the game is not over: the seat has to pass. */
  legalMoves(state: State): Move[]
  play(state: State, seat: number, move: Move): Played<State>
  /** The state after the seat in turn has passed, which it may only when it has no legal move. */
  pass(state: State): State
  /** Who has won a game that is over; nobody: a draw. */
  winnersOf(state: State): number[]
  /** Points by seat at any time, or `null` in a game without points. */
  scoresOf(state: State): number[] | null
}

/** Rules of a game that one does not look into. */
export type AnyRules = Rules<Plain, Plain, Plain>

export const refused = (reason: MoveRefusal['reason'], detail: string): Played<never> => ({
  state: null,
  refusal: { reason, detail },
})
