import { type GameMoveKind, gameSeatsMax } from '../../db/schema/index.ts'
import type { AnyRules, MoveRefusal, Plain } from './rules.ts'

/** One move as it is kept; `move` is `null` for a pass. */
export type KeptMove = { seat: number; kind: GameMoveKind; move: Plain | null }

/** What a move leads to: itself and the passes behind it that nobody has a choice about, and the state then. */
export type Step =
  | { moves: KeptMove[]; state: Plain; refusal: null }
  | { moves: null; state: null; refusal: MoveRefusal }

const mustPass = (rules: AnyRules, state: Plain): boolean =>
  rules.turnOf(state) !== null && rules.legalMoves(state).length === 0

/** Plays for a seat, and passes for all that cannot play then. */
export function step(
  rules: AnyRules,
  state: Plain,
  { seat, move }: { seat: number; move: Plain },
): Step {
  const played = rules.play(state, seat, move)
  if (played.refusal) return { moves: null, ...played }
  const moves: KeptMove[] = [{ seat, kind: 'play', move }]
  let after = played.state
  while (mustPass(rules, after)) {
    if (moves.length > gameSeatsMax)
      throw new Error(`the rules of ${rules.name} never stop passing`)
    moves.push({ seat: rules.turnOf(after) ?? seat, kind: 'pass', move: null })
    after = rules.pass(after)
  }
  return { moves, state: after, refusal: null }
}

type Beginning = { options: Plain; seats: number }

/**
 * The state that a game had after some moves of it, made from the beginning. Its moves are few: a board of Reversi has at
 * most 96 squares to fill and one of four in a row 144, which replay in one to three milliseconds: no states are kept between.
 * @throws {Error} the rules refuse a kept move: they were changed, or the row was
 */
export function replay(
  rules: AnyRules,
  { options, seats }: Beginning,
  moves: readonly KeptMove[],
): Plain {
  return moves.reduce(
    (state, { seat, kind, move }, index) => {
      if (kind === 'pass') return rules.pass(state)
      const played = rules.play(state, seat, move ?? {})
      if (played.refusal) throw new Error(`move ${index + 1} of a game is refused on its replay`)
      return played.state
    },
    rules.initial(options, seats),
  )
}
