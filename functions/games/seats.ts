import { rulesOf } from '../../domain/games/catalogue.ts'
import { type Game, type GameEvent, saveGame } from '../../domain/games/keeping.ts'
import { standUp } from '../../domain/games/leaving.ts'
import { identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-play.ts'
import { conflict, noSeat } from './faults.ts'
import { isManagerOf, openGame } from './opening.ts'
import { seatOf, toGame } from './representation.ts'
import { begin, enter, freeSeat, sitDown } from './seating.ts'

const notOpen = ({ status }: Game): AppError =>
  status === 'running'
    ? conflict('has_begun', 'The game has begun.')
    : conflict('over', 'The game is over.')

export const joinHandler =
  ({ now }: Deps): Handler<typeof contract.joinGame> =>
  (c, { param, json }) => {
    const { userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const { game, channel } = await openGame(tx, c, param)
      const own = seatOf(game, userId)
      if (own !== null && (json.seat ?? own) === own)
        return reply(200, toGame(game, userId), { version: game.version })
      if (game.status !== 'open') throw notOpen(game)
      const [seat, at] = [freeSeat(game, { own, wanted: json.seat }), now()]
      await enter(tx, channel, { userId, at })
      const seated = await sitDown(tx, game, { channel, userId, seat, at })
      const joined: GameEvent = { type: 'game.joined', actorUserId: userId, data: { seat } }
      const isFull = seated.players.length === seated.seats
      const saved = isFull
        ? await begin(tx, seated, { events: [joined], actorUserId: userId, at })
        : await saveGame(tx, seated, { events: [joined], at })
      return reply(200, toGame(saved, userId), { version: saved.version })
    })
  }

export const leaveHandler =
  ({ now }: Deps): Handler<typeof contract.leaveGame> =>
  (c, { param }) => {
    const { userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const { game } = await openGame(tx, c, param)
      if (game.status !== 'open') throw notOpen(game)
      if (seatOf(game, userId) === null) throw noSeat()
      const saved = await standUp(tx, game, { userId, actorUserId: userId, at: now() })
      return reply(200, toGame(saved, userId), { version: saved.version })
    })
  }

export const startHandler =
  ({ now }: Deps): Handler<typeof contract.startGame> =>
  (c, { param }) => {
    const { userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      const { game, channel } = await openGame(tx, c, param)
      if (game.createdByUserId !== userId && !isManagerOf(c, channel))
        throw new AppError('forbidden', 'Only who opened the game can start it.')
      if (game.status !== 'open') throw notOpen(game)
      requirePlayers(game)
      const saved = await begin(tx, game, { actorUserId: userId, at: now() })
      return reply(200, toGame(saved, userId), { version: saved.version })
    })
  }

function requirePlayers(game: Game): void {
  const { title, seats } = rulesOf(game)
  const count = game.players.length
  if (count >= seats.min) return
  throw conflict('too_few_players', `${title} needs ${seats.min} players, and has ${count}.`)
}
