import { and, eq, ne, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { gamePlayers, games } from '../../db/schema/index.ts'
import { endingOf, findGame, type Game, type GameEvent, othersThan, saveGame } from './keeping.ts'

type Leave = { tenantId: string; userId: string; at: Date }

/**
 * Takes somebody out of every game, as their deletion does: games that run end as resigned by them, seats of games that
 * have not begun are free again, and those of ended games stay under the name they had. Lock the user's row before:
 * nobody can sit down with them then.
 */
export async function leaveAllGames(tx: Tx, leave: Leave): Promise<void> {
  const { tenantId, userId } = leave
  // Held in the order of their ids, and only then read: a game may have ended until then.
  await tx.execute(sql`
    select channel_id from channel_heads where tenant_id = ${tenantId} and channel_id in (
      select g.channel_id from game_players p join games g on g.tenant_id = p.tenant_id and g.id = p.game_id
      where p.tenant_id = ${tenantId} and p.user_id = ${userId})
    order by channel_id for update`)
  const left: Game[] = []
  for (const id of await listOpenGames(tx, leave)) {
    const game = await findGame(tx, tenantId, id)
    if (game) left.push(game)
  }
  await forget(tx, leave)
  for (const game of left)
    await (game.status === 'running' ? resign(tx, game, leave) : standUp(tx, game, leave))
}

async function listOpenGames(tx: Tx, { tenantId, userId }: Leave): Promise<string[]> {
  const rows = await tx
    .select({ id: games.id })
    .from(gamePlayers)
    .innerJoin(
      games,
      and(eq(games.tenantId, gamePlayers.tenantId), eq(games.id, gamePlayers.gameId)),
    )
    .where(
      and(
        eq(gamePlayers.tenantId, tenantId),
        eq(gamePlayers.userId, userId),
        ne(games.status, 'ended'),
      ),
    )
  return rows.map(({ id }) => id).sort()
}

const seatOf = ({ players }: Game, userId: string): number =>
  players.find((player) => player.userId === userId)?.seat ?? 0

async function resign(tx: Tx, game: Game, { userId, at }: Leave): Promise<void> {
  const winnerSeats = othersThan(game, seatOf(game, userId))
  const { change, event } = endingOf({ reason: 'resigned', winnerSeats, actorUserId: null }, at)
  await saveGame(tx, game, { change, events: [event], at })
}

type StandUp = { userId: string; at: Date; actorUserId?: string | null }

/** Frees a seat of a game that has not begun. One that its maker leaves empty is cancelled: nobody waits for it. */
export async function standUp(
  tx: Tx,
  game: Game,
  { userId, at, actorUserId = null }: StandUp,
): Promise<Game> {
  const { tenantId, id, createdByUserId } = game
  const seat = seatOf(game, userId)
  await tx
    .delete(gamePlayers)
    .where(
      and(
        eq(gamePlayers.tenantId, tenantId),
        eq(gamePlayers.gameId, id),
        eq(gamePlayers.seat, seat),
      ),
    )
  const players = game.players.filter((player) => player.seat !== seat)
  const left: GameEvent = { type: 'game.left', actorUserId, data: { seat } }
  if (players.length > 0 || createdByUserId !== userId)
    return saveGame(tx, { ...game, players }, { events: [left], at })
  const { change, event } = endingOf({ reason: 'cancelled', winnerSeats: [], actorUserId }, at)
  return saveGame(tx, { ...game, players }, { change, events: [left, event], at })
}

/** Seats show nobody any more; whoever has read an ended game sees that it has changed. */
async function forget(tx: Tx, { tenantId, userId, at }: Leave): Promise<void> {
  await tx.execute(sql`
    with seats as (
      update game_players set user_id = null where tenant_id = ${tenantId} and user_id = ${userId}
      returning game_id
    )
    update games set version = version + 1, updated_at = ${at.toISOString()}::timestamptz
    where tenant_id = ${tenantId} and id in (select game_id from seats) and status = 'ended'`)
}
