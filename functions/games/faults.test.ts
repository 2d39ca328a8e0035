import { and, count, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelEvents, gameMoves, games } from '../../db/schema/index.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { type Playing, setupPlaying } from '../../test/fixtures/playing.ts'

async function counted({ db, tenant, channel }: Playing) {
  const [made] = await db.select({ n: count() }).from(games).where(eq(games.tenantId, tenant.id))
  const [moves] = await db
    .select({ n: count() })
    .from(gameMoves)
    .where(eq(gameMoves.tenantId, tenant.id))
  const [events] = await db
    .select({ n: count() })
    .from(channelEvents)
    .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channel.id)))
  return { games: made?.n, moves: moves?.n, events: events?.n }
}

test.each(['games', 'game_moves', 'channel_events'])(
  'a move that was cut off while it wrote %s left nothing, and is played the next time',
  async (table) => {
    const playing = await setupPlaying()
    const { db, ada, begun, move, seenBy } = playing
    const game = await begun()
    const before = { shown: await seenBy(ada, game.id), counts: await counted(playing) }
    const send = () => move(ada, game, { square: 'd3' }, { 'idempotency-key': `move-${table}` })
    expect((await cutOff(db, table, send)).status).toBe(503)
    expect({ shown: await seenBy(ada, game.id), counts: await counted(playing) }).toEqual(before)
    expect((await send()).status).toBe(200)
    expect(await counted(playing)).toEqual({ games: 1, moves: 1, events: 5 })
    expect((await send()).headers.get('idempotency-replayed')).toBe('true')
    expect(await counted(playing)).toEqual({ games: 1, moves: 1, events: 5 })
  },
)

test('a game that was cut off while it was opened or joined is as if nobody had asked', async () => {
  const playing = await setupPlaying()
  const { db, ada, bob, by, channel, opened, seenBy } = playing
  const body = { channel_id: channel.id, rules: 'reversi' }
  expect((await cutOff(db, 'game_players', () => by(ada, '/', body))).status).toBe(503)
  expect(await counted(playing)).toEqual({ games: 0, moves: 0, events: 0 })
  const { id } = await opened()
  const join = () => by(bob, `/${id}/join`, {})
  expect((await cutOff(db, 'channel_events', join)).status).toBe(503)
  expect(await seenBy(ada, id)).toMatchObject({
    status: 'open',
    version: 1,
    players: [{ seat: 1 }],
  })
  expect((await join()).status).toBe(200)
})
