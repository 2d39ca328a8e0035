import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelEvents, gamePlayers, users } from '../../db/schema/index.ts'
import { joinChannel } from '../../test/fixtures/channels.ts'
import { setupPlaying } from '../../test/fixtures/playing.ts'
import { addMember } from '../../test/harness/members.ts'
import { leaveAllGames } from './leaving.ts'

const deletion = { at: new Date('2026-11-21T00:00:00.000Z') }

async function setup() {
  const playing = await setupPlaying()
  const { db, tenant, ada, bob, by, begun, opened, shown, move } = playing
  const over = await begun()
  await shown(await by(bob, `/${over.id}/resign`))
  const running = await shown(await move(ada, await begun(), { square: 'd3' }))
  const joined = await opened({ rules: 'four-in-a-row', seats: 3 })
  await shown(await by(bob, `/${joined.id}/join`, {}))
  const { channel_id } = joined
  const own = await shown(await by(bob, '/', { channel_id, rules: 'reversi' }))
  const leave = (userId: string) =>
    db.transaction((tx) => leaveAllGames(tx, { tenantId: tenant.id, userId, ...deletion }))
  const remove = (userId: string) =>
    db.delete(users).where(and(eq(users.tenantId, tenant.id), eq(users.id, userId)))
  return { ...playing, over, running, joined, own, leave, remove }
}

test('who is deleted leaves running games as resigned, free seats, and a name where a game is over', async () => {
  const { ada, bob, over, running, joined, own, leave, remove, seenBy } = await setup()
  await leave(bob.id)
  await remove(bob.id)
  const gone = { seat: 2, user_id: null, name: 'A viewer', is_gone: true }
  expect(await seenBy(ada, running.id)).toMatchObject({
    ...{ status: 'ended', turn_seat: null, version: running.version + 1 },
    outcome: { reason: 'resigned', winner_seats: [1] },
    players: [{ user_id: ada.id, is_gone: false }, gone],
  })
  expect(await seenBy(ada, over.id)).toMatchObject({
    ...{ version: over.version + 2, players: [{ user_id: ada.id }, gone] },
    outcome: { reason: 'resigned', winner_seats: [1] },
  })
  expect(await seenBy(ada, joined.id)).toMatchObject({
    ...{ status: 'open', version: joined.version + 2, players: [{ user_id: ada.id }] },
  })
  expect(await seenBy(ada, own.id)).toMatchObject({
    ...{ status: 'ended', players: [], outcome: { reason: 'cancelled', winner_seats: [] } },
  })
})

test('each of these changes is told in the order of its channel', async () => {
  const { db, tenant, channel, bob, running, joined, own, leave } = await setup()
  const events = () =>
    db
      .select()
      .from(channelEvents)
      .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channel.id)))
      .orderBy(channelEvents.seq)
  const before = (await events()).length
  await leave(bob.id)
  const told = (await events()).slice(before)
  expect(told.map(({ subjectId, type, data }) => [subjectId, type, data])).toEqual([
    [running.id, 'game.ended', { reason: 'resigned', winner_seats: [1], version: 4 }],
    [joined.id, 'game.left', { seat: 2, version: 3 }],
    [own.id, 'game.left', { seat: 1, version: 2 }],
    [own.id, 'game.ended', { reason: 'cancelled', winner_seats: [], version: 2 }],
  ])
  expect(told.map(({ seq }) => seq)).toEqual(told.map((_, index) => before + index + 1))
  await leave(bob.id)
  expect(await events()).toHaveLength(before + told.length) // twice is once
})

test('a move that is played meanwhile counts before the game is resigned', async () => {
  const { ada, bob, running, leave, move, seenBy } = await setup()
  const [reply] = await Promise.all([move(bob, running, { square: 'c3' }), leave(bob.id)])
  const after = await seenBy(ada, running.id)
  expect(after).toMatchObject({ status: 'ended', outcome: { reason: 'resigned' } })
  expect([reply.status, after.move_count]).toEqual(reply.ok ? [200, 2] : [412, 1])
})

test('even without leaving first no seat keeps a user who is not there', async () => {
  const { db, tenant, channel, by, opened, remove } = await setup()
  const cleo = await addMember(db, tenant.id, { role: 'viewer' })
  await joinChannel(db, channel, { userId: cleo.id })
  const { id } = await opened({ rules: 'four-in-a-row', seats: 3 })
  expect((await by(cleo, `/${id}/join`, {})).status).toBe(200)
  await remove(cleo.id)
  const rows = await db
    .select({ seat: gamePlayers.seat, userId: gamePlayers.userId })
    .from(gamePlayers)
    .where(and(eq(gamePlayers.tenantId, tenant.id), eq(gamePlayers.gameId, id)))
    .orderBy(gamePlayers.seat)
  expect(rows[1]).toEqual({ seat: 2, userId: null })
})
