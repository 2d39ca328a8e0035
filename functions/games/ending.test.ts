import { expect, test } from 'vitest'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { type Playing, setupPlaying } from '../../test/fixtures/playing.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = { status: number; detail: string; errors?: { code: string }[] }

const acting = ({ by, shown }: Playing, { id }: { id: string }) => ({
  act: async (who: Member, action: string) => shown(await by(who, `/${id}/${action}`)),
  refused: async (who: Member, action: string) => {
    const problem = await bodyOf<Problem>(await by(who, `/${id}/${action}`))
    return [problem.status, problem.errors?.[0]?.code ?? null]
  },
})

test('who resigns has lost, at once and for good', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, opened, move } = playing
  const game = await begun()
  const { act, refused } = acting(playing, game)
  expect(await act(ada, 'resign')).toMatchObject({
    ...{ status: 'ended', turn_seat: null, your_seat: 1, legal_moves: [] },
    outcome: { reason: 'resigned', winner_seats: [2] },
  })
  for (const action of ['resign', 'offer-draw', 'claim-timeout', 'cancel'])
    expect(await refused(ada, action)).toEqual([409, 'over'])
  expect((await move(ada, { ...game, version: 3 }, { square: 'd3' })).status).toBe(409)
  const open = acting(playing, await opened())
  expect(await open.refused(ada, 'resign')).toEqual([409, 'not_begun'])
  expect(await open.refused(bob, 'leave')).toEqual([403, null])
})

test('of several, all others win over who resigns', async () => {
  const playing = await setupPlaying()
  const { db, tenant, channel, ada, bob, by, opened } = playing
  const cleo = await addMember(db, tenant.id, { role: 'viewer' })
  await joinChannel(db, channel, { userId: cleo.id })
  const game = await opened({ rules: 'four-in-a-row', seats: 3 })
  await by(bob, `/${game.id}/join`, {})
  await by(cleo, `/${game.id}/join`, {})
  const { act, refused } = acting(playing, game)
  expect((await act(ada, 'offer-draw')).draw_seats).toEqual([1])
  expect((await act(bob, 'accept-draw')).draw_seats).toEqual([1, 2]) // cleo has to agree too
  expect(await refused(cleo, 'start')).toEqual([403, null])
  expect((await act(bob, 'resign')).outcome).toEqual({ reason: 'resigned', winner_seats: [1, 3] })
})

test('a draw is offered and accepted', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun } = playing
  const { act, refused } = acting(playing, await begun())
  expect(await refused(bob, 'accept-draw')).toEqual([409, 'no_offer'])
  const offered = await act(bob, 'offer-draw')
  expect(offered).toMatchObject({ draw_seats: [2], status: 'running', version: 3 })
  expect((await act(bob, 'offer-draw')).version).toBe(3) // twice is once
  expect(await refused(bob, 'accept-draw')).toEqual([409, 'no_offer'])
  expect(await act(ada, 'accept-draw')).toMatchObject({
    ...{ status: 'ended', outcome: { reason: 'draw_agreed', winner_seats: [] } },
  })
})

test('two who offer a draw at once have agreed on it', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, by, seenBy } = playing
  const { id } = await begun()
  await Promise.all([by(ada, `/${id}/offer-draw`), by(bob, `/${id}/offer-draw`)])
  expect((await seenBy(ada, id)).outcome).toEqual({ reason: 'draw_agreed', winner_seats: [] })
})

test('an offer ends when it is declined, and when another player plays on', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, move, shown } = playing
  const game = await begun()
  const { act, refused } = acting(playing, game)
  expect(await refused(ada, 'decline-draw')).toEqual([409, 'no_offer'])
  await act(bob, 'offer-draw')
  expect((await act(ada, 'decline-draw')).draw_seats).toEqual([])
  const again = await act(ada, 'offer-draw')
  const own = await shown(await move(ada, again, { square: 'd3' }))
  expect(own.draw_seats).toEqual([1])
  expect((await shown(await move(bob, own, { square: 'c3' }))).draw_seats).toEqual([])
})

test('who takes too long has lost when another player claims it, and not before', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, clock, move, shown } = playing
  const game = await begun({ turn_seconds: 30 })
  const { act, refused } = acting(playing, game)
  clock.advance(30_000)
  expect(await refused(bob, 'claim-timeout')).toEqual([409, 'not_due'])
  const moved = await shown(await move(ada, game, { square: 'd3' }))
  expect(moved.turn_due_at).toBe('2026-11-20T08:01:00.000Z') // the next one has all of it
  clock.advance(30_001)
  expect(await refused(bob, 'claim-timeout')).toEqual([409, 'your_turn'])
  const late = await shown(await move(bob, moved, { square: 'c3' }))
  expect(late.status).toBe('running') // nobody had claimed it
  clock.advance(30_001)
  expect(await act(bob, 'claim-timeout')).toMatchObject({
    ...{ status: 'ended', turn_due_at: null },
    outcome: { reason: 'timed_out', winner_seats: [2] },
  })
  const untimed = acting(playing, await begun())
  expect(await untimed.refused(bob, 'claim-timeout')).toEqual([409, 'no_clock'])
})

test('of a late move and its claim at once one counts', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, by, clock, move, seenBy } = playing
  for (let round = 0; round < 6; round += 1) {
    const game = await begun({ turn_seconds: 5 })
    clock.advance(5_001)
    const [moved, claimed] = await Promise.all([
      move(ada, game, { square: 'd3' }),
      by(bob, `/${game.id}/claim-timeout`),
    ])
    const { status, move_count } = await seenBy(ada, game.id)
    expect([moved.status, claimed.status, status, move_count]).toEqual(
      moved.ok ? [200, 409, 'running', 1] : [412, 200, 'ended', 0],
    )
  }
})

test('who opened a game can cancel it before it begins, and who manages the channel always', async () => {
  const playing = await setupPlaying()
  const { db, tenant, channel, ada, bob, by, begun, shown } = playing
  const body = { channel_id: channel.id, rules: 'reversi' }
  const own = await shown(await by(bob, '/', body))
  expect(await acting(playing, own).act(bob, 'cancel')).toMatchObject({
    ...{ status: 'ended', outcome: { reason: 'cancelled', winner_seats: [] }, state: null },
  })
  const running = acting(playing, await begun())
  expect(await running.refused(bob, 'cancel')).toEqual([403, null])
  expect((await running.act(ada, 'cancel')).outcome?.reason).toBe('cancelled') // owns the channel
  const open = await addChannel(db, { tenantId: tenant.id, members: { [bob.id]: 'member' } })
  const { id } = await shown(await by(bob, '/', { ...body, channel_id: open.id }))
  const admin = await addMember(db, tenant.id, { role: 'admin' })
  expect((await by(admin, `/${id}/cancel`)).status).toBe(200)
})

test('every action honours If-Match, and none is done in vain', async () => {
  const { ada, by, begun, seenBy } = await setupPlaying()
  const { id } = await begun()
  for (const action of ['resign', 'offer-draw', 'cancel', 'leave', 'start'])
    expect((await by(ada, `/${id}/${action}`, undefined, { 'if-match': '"v1"' })).status).toBe(412)
  expect((await by(ada, `/${id}/join`, {}, { 'if-match': '"v1"' })).status).toBe(412)
  expect(await seenBy(ada, id)).toMatchObject({ status: 'running', version: 2 })
})
