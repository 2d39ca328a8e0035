import type { Tx } from '../../db/client.ts'
import type { HeldChannel } from '../../domain/channels/access.ts'
import { rulesOf } from '../../domain/games/catalogue.ts'
import { endingOf, type Game, othersThan, saveGame } from '../../domain/games/keeping.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-play.ts'
import { conflict, noSeat } from './faults.ts'
import { isManagerOf, openGame } from './opening.ts'
import { seatOf, toGame } from './representation.ts'

type Action = Handler<typeof contract.resignGame>
type At = { game: Game; channel: HeldChannel; userId: string; at: Date }

/** Every action without a body: the game is held, changed or refused, and shown as it is then. */
const acting =
  ({ now }: Deps, act: (tx: Tx, c: Call, at: At) => Promise<Game>): Action =>
  (c, { param }) => {
    const { userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const game = await act(tx, c, { ...(await openGame(tx, c, param)), userId, at: now() })
      return reply(200, toGame(game, userId), { version: game.version })
    })
  }

/** The caller's seat in a game that runs. */
function runningSeat(game: Game, userId: string): number {
  const seat = seatOf(game, userId)
  if (game.status === 'open') throw conflict('not_begun', 'The game has not begun.')
  if (game.status === 'ended') throw conflict('over', 'The game is over.')
  if (seat === null) throw noSeat()
  return seat
}

type Outcome = Omit<Parameters<typeof endingOf>[0], 'actorUserId'>

async function ended(tx: Tx, { game, userId, at }: At, outcome: Outcome): Promise<Game> {
  const { change, event } = endingOf({ ...outcome, actorUserId: userId }, at)
  return saveGame(tx, game, { change, events: [event], at })
}

export const resignHandler = (deps: Deps): Action =>
  acting(deps, async (tx, _, at) => {
    const seat = runningSeat(at.game, at.userId)
    return ended(tx, at, { reason: 'resigned', winnerSeats: othersThan(at.game, seat) })
  })

export const claimHandler = (deps: Deps): Action =>
  acting(deps, async (tx, _, at) => {
    const { game } = at
    const seat = runningSeat(game, at.userId)
    const { turnSeat, turnDueAt } = game
    if (turnDueAt === null || turnSeat === null)
      throw conflict('no_clock', 'The game has no clock.')
    if (turnSeat === seat) throw conflict('your_turn', 'It is your own turn.')
    if (at.at <= turnDueAt)
      throw conflict('not_due', `Seat ${turnSeat} has time until ${turnDueAt.toISOString()}.`)
    return ended(tx, at, { reason: 'timed_out', winnerSeats: othersThan(game, turnSeat) })
  })

export const cancelHandler = (deps: Deps): Action =>
  acting(deps, async (tx, c, at) => {
    const { game, userId, channel } = at
    const isTheirs = game.status === 'open' && game.createdByUserId === userId
    if (!isTheirs && !isManagerOf(c, channel))
      throw new AppError('forbidden', 'Only who manages the channel can cancel this game.', {
        hint: 'Who opened a game can cancel it before it begins.',
      })
    if (game.status === 'ended') throw conflict('over', 'The game is over.')
    return ended(tx, at, { reason: 'cancelled', winnerSeats: [] })
  })

/** One more who would take a draw; with the last of them it is one. */
async function agreed(tx: Tx, at: At, seat: number): Promise<Game> {
  const { game, userId } = at
  if (game.drawSeats.includes(seat)) return game
  const drawSeats = [...game.drawSeats, seat].sort((a, b) => a - b)
  if (drawSeats.length === game.players.length)
    return ended(tx, at, { reason: 'draw_agreed', winnerSeats: [] })
  const event = { type: 'game.draw_offered', actorUserId: userId, data: { seat } } as const
  return saveGame(tx, game, { change: { drawSeats }, events: [event], at: at.at })
}

export const offerHandler = (deps: Deps): Action =>
  acting(deps, async (tx, _, at) => {
    const seat = runningSeat(at.game, at.userId)
    const { allowsDraw, title } = rulesOf(at.game)
    if (!allowsDraw) throw conflict('no_draws', `In ${title} nobody agrees on a draw.`)
    return agreed(tx, at, seat)
  })

const noOffer = (): AppError => conflict('no_offer', 'Nobody offers a draw.')

export const acceptHandler = (deps: Deps): Action =>
  acting(deps, async (tx, _, at) => {
    const seat = runningSeat(at.game, at.userId)
    if (at.game.drawSeats.every((other) => other === seat)) throw noOffer()
    return agreed(tx, at, seat)
  })

export const declineHandler = (deps: Deps): Action =>
  acting(deps, async (tx, _, { game, userId, at }) => {
    const seat = runningSeat(game, userId)
    if (game.drawSeats.length === 0) throw noOffer()
    const event = { type: 'game.draw_declined', actorUserId: userId, data: { seat } } as const
    return saveGame(tx, game, { change: { drawSeats: [] }, events: [event], at })
  })
