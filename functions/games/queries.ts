import { and, asc, eq, gt, lte, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { documents, gameMoves, gamePlayers, games, users } from '../../db/schema/index.ts'
import type { Game, GameRow, PlayerRow } from '../../domain/games/keeping.ts'
import type { MoveRow } from './representation.ts'

export async function findChannelId(tx: Tx, tenantId: string, id: string): Promise<string | null> {
  const [row] = await tx
    .select({ channelId: games.channelId })
    .from(games)
    .where(and(eq(games.tenantId, tenantId), eq(games.id, id)))
  return row?.channelId ?? null
}

export async function isInTrash(tx: Tx, tenantId: string, documentId: string): Promise<boolean> {
  const [row] = await tx
    .select({ trashedAt: documents.trashedAt })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
  return Boolean(row?.trashedAt)
}

type NewGame = Pick<
  GameRow,
  | 'tenantId'
  | 'channelId'
  | 'rules'
  | 'rulesVersion'
  | 'options'
  | 'seats'
  | 'turnSeconds'
  | 'createdByUserId'
>

export async function insertGame(tx: Tx, game: NewGame, at: Date): Promise<Game> {
  const [row] = await tx
    .insert(games)
    .values({ ...game, id: uuidv7(), createdAt: at, updatedAt: at })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return { ...row, players: [] }
}

type Sit = { userId: string; seat: number; nickname: string | null; at: Date }

/** Gives somebody a seat, under the name that they have in the channel. */
export async function insertPlayer(
  tx: Tx,
  { tenantId, id: gameId }: GameRow,
  { userId, seat, nickname, at }: Sit,
): Promise<PlayerRow> {
  const displayName = tx
    .select({ name: users.displayName })
    .from(users)
    .where(and(eq(users.tenantId, tenantId), eq(users.id, userId)))
  const name = nickname ?? sql<string>`(${displayName})`
  const [row] = await tx
    .insert(gamePlayers)
    .values({ tenantId, gameId, seat, userId, name, joinedAt: at })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return row
}

/** Moves players up to the first seats, in their order. */
export async function closeGaps(tx: Tx, { tenantId, id, players }: Game): Promise<PlayerRow[]> {
  const moved = players.map((player, index) => ({ ...player, seat: index + 1 }))
  for (const [index, { seat }] of players.entries()) {
    if (seat === index + 1) continue
    await tx
      .update(gamePlayers)
      .set({ seat: index + 1 })
      .where(
        and(
          eq(gamePlayers.tenantId, tenantId),
          eq(gamePlayers.gameId, id),
          eq(gamePlayers.seat, seat),
        ),
      )
  }
  return moved
}

const ofGame = ({ tenantId, id }: GameRow): SQL | undefined =>
  and(eq(gameMoves.tenantId, tenantId), eq(gameMoves.gameId, id))

/** In the order they were played. */
export const listMoveRows = (
  db: Db,
  game: GameRow,
  { after, limit }: { after: number; limit: number },
): Promise<MoveRow[]> =>
  db
    .select()
    .from(gameMoves)
    .where(and(ofGame(game), gt(gameMoves.number, after)))
    .orderBy(asc(gameMoves.number))
    .limit(limit)

/** The moves from the first to the one of a number. */
export const listMovesUpTo = (db: Db, game: GameRow, number: number): Promise<MoveRow[]> =>
  db
    .select()
    .from(gameMoves)
    .where(and(ofGame(game), lte(gameMoves.number, number)))
    .orderBy(asc(gameMoves.number))
