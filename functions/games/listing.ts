import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { type GameStatus, gamePlayers, gameSeatsMax, games } from '../../db/schema/index.ts'
import { isVisibleTo, type Reader } from '../../domain/channels/access.ts'
import type { Game, GameRow, PlayerRow } from '../../domain/games/keeping.ts'

type ListGames = {
  reader: Reader
  channelId: string | undefined
  playerId: string | undefined
  status: GameStatus | undefined
  rules: string | undefined
  before: string | null
  limit: number
}

/** Newest first, of channels that the reader sees. */
export async function listGameRows(db: Db, filter: ListGames): Promise<Game[]> {
  const rows = await db.execute<{ id: string }>(idsOf(filter))
  const ids = [...rows].map(({ id }) => id)
  return ids.length === 0 ? [] : listGamesById(db, filter.reader.tenantId, ids)
}

// As ranges in order these are a part of one index, read from its end, also by a plan that was made when the tables were
// empty and all indexes looked alike.
const exactly = (column: SQL, value: string): SQL => sql`${column} between ${value} and ${value}`

/** Ids of a page, by the index of the filter that leaves the fewest. */
function idsOf({ reader, channelId, playerId, status, rules, before, limit }: ListGames): SQL {
  const { tenantId } = reader
  const matches = sql.join(
    [
      sql`true`,
      ...(channelId === undefined ? [] : [exactly(sql`g.channel_id`, channelId)]),
      ...(status === undefined ? [] : [exactly(sql`g.status`, status)]),
      ...(rules === undefined ? [] : [sql`g.rules = ${rules}`]),
    ],
    sql` and `,
  )
  const isVisible = sql`cross join lateral (
    select from channels where tenant_id = g.tenant_id and id = g.channel_id and ${isVisibleTo(reader)} offset 0) c`
  const earlier = (id: SQL) => (before === null ? sql`true` : sql`${id} < ${before}`)
  if (playerId !== undefined)
    return sql`
      select p.game_id as id from game_players p cross join lateral (
        select tenant_id, channel_id from games g
        where g.tenant_id = p.tenant_id and ${sql`g.id between p.game_id and p.game_id`} and ${matches}
        order by g.id limit 1) g ${isVisible}
      where p.tenant_id = ${tenantId} and ${exactly(sql`p.user_id`, playerId)} and ${earlier(sql`p.game_id`)}
      order by p.user_id desc, p.game_id desc limit ${limit}`
  const first = channelId === undefined ? status && sql`g.status desc,` : sql`g.channel_id desc,`
  return sql`
    select g.id from games g ${isVisible}
    where g.tenant_id = ${tenantId} and ${matches} and ${earlier(sql`g.id`)}
    order by ${first ?? sql``} g.id desc limit ${limit}`
}

/** Each is looked up for itself: a list of them may be planned as a scan of all that a tenant has. */
async function listGamesById(db: Db, tenantId: string, ids: readonly string[]): Promise<Game[]> {
  const game = db
    .select()
    .from(games)
    .where(and(eq(games.tenantId, tenantId), sql`${games.id} between wanted.id and wanted.id`))
    .orderBy(asc(games.id))
    .limit(1)
    .as('game')
  const player = db
    .select()
    .from(gamePlayers)
    .where(
      and(
        eq(gamePlayers.tenantId, tenantId),
        sql`${gamePlayers.gameId} between wanted.id and wanted.id`,
      ),
    )
    .orderBy(asc(gamePlayers.gameId), asc(gamePlayers.seat))
    .limit(gameSeatsMax)
    .as('player')
  const rows = await db
    .select({ game: game._.selectedFields, player: player._.selectedFields })
    .from(sql`unnest(${`{${ids.join(',')}}`}::uuid[]) as wanted(id)`)
    .innerJoinLateral(game, sql`true`)
    .leftJoinLateral(player, sql`true`)
  const byId = grouped(rows)
  return ids.flatMap((id) => byId.get(id) ?? [])
}

function grouped(rows: readonly { game: GameRow; player: PlayerRow | null }[]): Map<string, Game> {
  const byId = new Map<string, Game>()
  for (const { game, player } of rows) {
    const shown = byId.get(game.id) ?? { ...game, players: [] }
    if (player) shown.players.push(player)
    byId.set(game.id, shown)
  }
  return byId
}
