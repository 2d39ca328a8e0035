import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import { gamePlayers } from '../../db/schema/index.ts'
import { endingOf, findGame, type Game, type GameEvent, othersThan, saveGame } from './keeping.ts'

type Leave = { tenantId: string; userId: string; at: Date }

/**
 * Takes somebody out of every game, as their deletion does: games that run end as resigned by them, seats of games that
 * have not begun are free again, and those of ended games stay under the name they had. Lock the user's row before:
 * nobody can sit down with them then.
 */
export async function leaveAllGames(tx: Tx, leave: Leave): Promise<void> {
  const { tenantId } = leave
  // Held in the order of their ids, and only then read: a game may have ended until then.
  await tx.execute(sql`
    select channel_id from channel_heads where tenant_id = ${tenantId} and channel_id in (
      select g.channel_id from ${played(leave)})
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

// Ranges in order, and each game for itself: also a plan that was made when all indexes of a tenant looked alike then
// reads the seats of one user and their games alone.
const seatsOf = ({ tenantId, userId }: Leave): SQL => sql`(
  select game_id, seat from game_players where tenant_id = ${tenantId} and user_id between ${userId} and ${userId}
  order by user_id, game_id) p`
const played = (leave: Leave): SQL => sql`${seatsOf(leave)} cross join lateral (
  select id, channel_id, status from games where tenant_id = ${leave.tenantId} and id between p.game_id and p.game_id
  order by id limit 1) g`

async function listOpenGames(tx: Tx, leave: Leave): Promise<string[]> {
  const rows = await tx.execute<{ id: string }>(sql`
    select g.id from ${played(leave)} where g.status <> 'ended' order by g.id`)
  return [...rows].map(({ id }) => id)
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
async function forget(tx: Tx, leave: Leave): Promise<void> {
  const { tenantId, userId, at } = leave
  await tx.execute(sql`
    with seats as (
      update game_players s set user_id = null from ${seatsOf(leave)}
      where s.tenant_id = ${tenantId} and s.user_id = ${userId} and s.game_id = p.game_id and s.seat = p.seat
      returning s.game_id
    )
    update games g set version = g.version + 1, updated_at = ${at.toISOString()}::timestamptz
    from seats where g.tenant_id = ${tenantId} and g.id between seats.game_id and seats.game_id
      and g.status = 'ended'`)
}
