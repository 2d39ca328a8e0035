import { rulesOf } from '../../domain/games/catalogue.ts'
import { type KeptMove, step } from '../../domain/games/course.ts'
import {
  endingOf,
  type Game,
  type GameChange,
  type GameEvent,
  saveGame,
} from '../../domain/games/keeping.ts'
import type { AnyRules, Plain } from '../../domain/games/rules.ts'
import { identityOf } from '../_shared/http/call.ts'
import { parseStrictly } from '../_shared/http/input.ts'
import type { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { playMove } from './contract-play.ts'
import { bodyFault, conflict, invalid, noSeat, within } from './faults.ts'
import { openGame } from './opening.ts'
import { seatOf, toGame } from './representation.ts'
import { dueAt } from './seating.ts'

export const playHandler =
  ({ now }: Deps): Handler<typeof playMove> =>
  (c, { param, json }) => {
    const { userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const { game } = await openGame(tx, c, { ...param, needsVersion: true })
      const { seat, state } = turnOf(game, userId)
      const { moves, after } = played(rulesOf(game), { state, seat, move: json.move })
      const saved = await saveGame(tx, game, {
        ...{ moves, at: now() },
        ...changeOf(game, { userId, seat, moves, after, at: now() }),
      })
      return reply(200, toGame(saved, userId), { version: saved.version })
    })
  }

/** @throws {AppError} it is not the caller's turn */
function turnOf(game: Game, userId: string): { seat: number; state: Plain } {
  const seat = seatOf(game, userId)
  const { state, turnSeat } = game
  if (seat === null) throw noSeat()
  if (game.status === 'ended') throw conflict('over', 'The game is over.')
  if (state === null) throw conflict('not_begun', 'The game has not begun.')
  if (turnSeat !== seat)
    throw conflict('not_your_turn', `It is the turn of seat ${turnSeat}, and you have ${seat}.`)
  return { seat, state }
}

type Play = { state: Plain; seat: number; move: Plain }

/** @throws {AppError} the rules do not know such a move, or do not allow it now */
function played(rules: AnyRules, { state, seat, move: given }: Play) {
  const hint = `Legal now: ${rules
    .legalMoves(state)
    .map((move) => JSON.stringify(move))
    .join(', ')}.`
  const { data: move, faults } = parseStrictly('body', rules.move, given)
  if (!move)
    throw invalid(
      faults.map((fault) => within('/move', fault)),
      hint,
    )
  const { moves, state: after, refusal } = step(rules, state, { seat, move })
  if (refusal) throw illegal(refusal.detail, hint)
  return { moves, after }
}

const illegal = (detail: string, hint: string): AppError =>
  invalid([bodyFault('/move', 'illegal_move', detail)], hint)

type Played = { userId: string; seat: number; moves: readonly KeptMove[]; after: Plain; at: Date }

function changeOf(game: Game, { userId, seat, moves, after, at }: Played) {
  const rules = rulesOf(game)
  const turnSeat = rules.turnOf(after)
  const events = moves.map(({ kind, seat: of }, index): GameEvent => {
    const data = { number: game.moveCount + 1 + index, seat: of, kind }
    return { type: 'game.moved', actorUserId: kind === 'play' ? userId : null, data }
  })
  if (turnSeat === null) {
    const outcome = { reason: 'finished', winnerSeats: rules.winnersOf(after) } as const
    const { change, event } = endingOf({ ...outcome, actorUserId: null }, at)
    return { change: { ...change, state: after }, events: [...events, event] }
  }
  // Who plays on without having agreed has declined; an offer of one's own stands until the others have played.
  const drawSeats = game.drawSeats.includes(seat) ? game.drawSeats : []
  const change: GameChange = { state: after, turnSeat, turnDueAt: dueAt(game, at), drawSeats }
  return { change, events }
}
