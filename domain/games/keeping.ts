import { and, asc, eq, type SQL } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  channels,
  type GameEndReason,
  gameMoves,
  gamePlayers,
  games,
} from '../../db/schema/index.ts'
import { isVisibleTo, type Reader } from '../channels/access.ts'
import type { ChannelEventType } from '../channels/event-types.ts'
import { appendChannelEvents } from '../channels/events.ts'
import type { KeptMove } from './course.ts'

export type GameRow = typeof games.$inferSelect
export type PlayerRow = typeof gamePlayers.$inferSelect
/** A game with who sits in it, by seat. */
export type Game = GameRow & { players: PlayerRow[] }

export const findGame = (db: Db | Tx, tenantId: string, id: string): Promise<Game | null> =>
  readGame(db, { tenantId, id })

/** @returns `null` for a game that does not exist and for one of a channel that is not the reader's to see, alike */
export const findVisibleGame = (db: Db, reader: Reader, id: string): Promise<Game | null> =>
  readGame(db, { tenantId: reader.tenantId, id }, isVisibleTo(reader))

async function readGame(
  db: Db | Tx,
  { tenantId, id }: { tenantId: string; id: string },
  condition?: SQL,
): Promise<Game | null> {
  const rows = await db
    .select({ game: games, player: gamePlayers })
    .from(games)
    .innerJoin(
      channels,
      and(eq(channels.tenantId, games.tenantId), eq(channels.id, games.channelId)),
    )
    .leftJoin(
      gamePlayers,
      and(eq(gamePlayers.tenantId, games.tenantId), eq(gamePlayers.gameId, games.id)),
    )
    .where(and(eq(games.tenantId, tenantId), eq(games.id, id), condition))
    .orderBy(asc(gamePlayers.seat))
  const [first] = rows
  return first ? { ...first.game, players: rows.flatMap(({ player }) => player ?? []) } : null
}

export type GameChange = Partial<
  Omit<GameRow, 'tenantId' | 'id' | 'channelId' | 'version' | 'createdAt' | 'updatedAt'>
>
export type GameEvent = {
  type: Extract<ChannelEventType, `game.${string}`>
  actorUserId: string | null
  data?: Record<string, unknown>
}

type Save = { change?: GameChange; moves?: readonly KeptMove[]; events: GameEvent[]; at: Date }

/**
 * Writes a change of a game whose channel is held: its next version, the moves that made it, and the events that tell of
 * it. There is no other way to change a game, so that none of them is ever without the others.
 */
export async function saveGame(
  tx: Tx,
  game: Game,
  { change = {}, moves = [], events, at }: Save,
): Promise<Game> {
  const { tenantId, id, moveCount } = game
  const [row] = await tx
    .update(games)
    .set({
      ...change,
      ...{ moveCount: moveCount + moves.length, version: game.version + 1, updatedAt: at },
    })
    // The held channel keeps others away; the version makes sure that what was decided on is what is changed.
    .where(and(eq(games.tenantId, tenantId), eq(games.id, id), eq(games.version, game.version)))
    .returning()
  if (!row) throw new Error('a game was changed by somebody who did not hold its channel')
  const { version } = row
  const rows = moves.map((move, index) => ({
    ...{ tenantId, gameId: id, number: moveCount + 1 + index, version, at, ...move },
  }))
  if (rows.length > 0) await tx.insert(gameMoves).values(rows)
  const saved = { ...row, players: game.players }
  await tellOf(tx, saved, { events, at })
  return saved
}

/** Appends events of a game, as its row is now, to its channel, which is held. */
export async function tellOf(
  tx: Tx,
  { tenantId, id, channelId, version }: GameRow,
  { events, at }: Pick<Save, 'events' | 'at'>,
): Promise<void> {
  const told = events.map(({ data, ...event }) => ({
    ...{ ...event, subjectId: id, data: { ...data, version } },
  }))
  await appendChannelEvents(tx, { tenantId, channelId, events: told, at })
}

/** Everybody but one of the players: who has won when that one gives up. */
export const othersThan = (game: Game, seat: number): number[] =>
  game.players.map((player) => player.seat).filter((other) => other !== seat)

type Ending = { reason: GameEndReason; winnerSeats: number[]; actorUserId: string | null }

/** What ends a game: the change of its row, and the event of it. */
export function endingOf({ reason, winnerSeats, actorUserId }: Ending, at: Date) {
  const nobodysTurn = { turnSeat: null, turnDueAt: null, drawSeats: [] }
  const change = {
    ...{ status: 'ended', endReason: reason, winnerSeats, endedAt: at },
    ...nobodysTurn,
  } satisfies GameChange
  const data = { reason, winner_seats: winnerSeats }
  const event = { type: 'game.ended', actorUserId, data } satisfies GameEvent
  return { change, event }
}
