import * as z from 'zod'
import { findVisibleChannel } from '../../domain/channels/access.ts'
import { catalogue, rulesOf } from '../../domain/games/catalogue.ts'
import { replay } from '../../domain/games/course.ts'
import { findVisibleGame, type Game } from '../../domain/games/keeping.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import type * as play from './contract-play.ts'
import { listGameRows } from './listing.ts'
import { missing } from './opening.ts'
import { listMoveRows, listMovesUpTo } from './queries.ts'
import { toGame, toListed, toMove } from './representation.ts'

/** Made once: what a release can play does not change while it runs. */
export function rulesHandler(): Handler<typeof contract.listRules> {
  const items = catalogue.map(({ name, version, title, description, ...rules }) => ({
    ...{ name, version, title, description, seats: { ...rules.seats } },
    allows_draw: rules.allowsDraw,
    options: z.toJSONSchema(rules.options, { io: 'input' }) as Record<string, unknown>,
    move: z.toJSONSchema(rules.move, { io: 'input' }) as Record<string, unknown>,
  }))
  return async () => reply(200, { items, next_cursor: null })
}

async function visibleGame({ db }: Deps, c: Call, id: string): Promise<Game> {
  const game = await findVisibleGame(db, identityOf(c.identity), id)
  if (!game) throw missing()
  return game
}

export const getHandler =
  (deps: Deps): Handler<typeof contract.getGame> =>
  async (c, { param }) => {
    const game = await visibleGame(deps, c, param.id)
    return reply(200, toGame(game, c.userId), { version: game.version })
  }

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listGames> =>
  async (c, { query }) => {
    const { channel_id: channelId, player_id: playerId, status, rules, cursor, limit } = query
    const { cursors, url } = c
    const reader = identityOf(c.identity)
    if (channelId !== undefined && !(await findVisibleChannel(db, reader, channelId)))
      throw missing()
    const filter = { channelId, playerId, status, rules }
    const scope = JSON.stringify([reader.tenantId, 'listGames', filter])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listGameRows(db, { reader, ...filter, before, limit: limit + 1 })
    const position = ({ id }: Game) => [id]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toListed })
    return reply(200, page.body, { headers: page.headers })
  }

export const movesHandler =
  (deps: Deps): Handler<typeof play.listMoves> =>
  async (c, { param, query: { cursor, limit } }) => {
    const { tenantId, cursors, url } = c
    const game = await visibleGame(deps, c, param.id)
    const scope = `${tenantId}|listGameMoves|${game.id}`
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [0]
    const rows = await listMoveRows(deps.db, game, { after, limit: limit + 1 })
    const position = ({ number }: { number: number }) => [number]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toMove })
    return reply(200, page.body, { headers: page.headers })
  }

export const snapshotHandler =
  (deps: Deps): Handler<typeof play.readSnapshot> =>
  async (c, { param, query }) => {
    const game = await visibleGame(deps, c, param.id)
    const { move = game.moveCount } = query
    if (game.startedAt === null) throw new AppError('not_found', 'The game has not begun.')
    if (move > game.moveCount)
      throw new AppError('not_found', `The game has ${game.moveCount} moves.`)
    const moves = await listMovesUpTo(deps.db, game, move)
    const rules = rulesOf(game)
    const state = replay(rules, game, moves)
    const last = moves.at(-1)
    const body = {
      ...{ game_id: game.id, move, state, turn_seat: rules.turnOf(state) },
      ...{ scores: rules.scoresOf(state), last_move: last ? toMove(last) : null },
    }
    // A snapshot has one version for ever; tags count from 1.
    return reply(200, body, { version: move + 1 })
  }
