import { expect, test } from 'vitest'
import { joinChannel } from '../../test/fixtures/channels.ts'
import { type ShownGame, setupPlaying } from '../../test/fixtures/playing.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Page<T> = { items: T[]; next_cursor: string | null }
type Rules = { name: string; options: unknown; move: { properties: object }; seats: object }

test('the games that can be played are listed with the form of their options and moves', async () => {
  const { get } = await setupPlaying()
  const { items } = await bodyOf<Page<Rules>>(await get('/rules', { as: 'guest' }))
  expect(items.map(({ name }) => name)).toEqual(['four-in-a-row', 'reversi'])
  expect(items[1]).toMatchObject({
    seats: { min: 2, max: 2 },
    allows_draw: true,
    options: { properties: { size: { default: 8 } } },
    move: { properties: { square: { type: 'string' } }, required: ['square'] },
  })
})

test('a game waits for its players, and begins with the last of them', async () => {
  const { ada, bob, by, opened, seenBy } = await setupPlaying()
  const open = await opened({ turn_seconds: 60 })
  expect(open).toMatchObject({
    ...{ status: 'open', version: 1, state: null, turn_seat: null, turn_due_at: null },
    ...{ your_seat: 1, legal_moves: [] },
    players: [{ seat: 1, user_id: ada.id, name: 'A viewer', is_gone: false }],
  })
  const joined = await by(bob, `/${open.id}/join`, {})
  expect(joined.headers.get('etag')).toBe('"v2"')
  expect(await bodyOf<ShownGame>(joined)).toMatchObject({
    ...{ status: 'running', turn_seat: 1, your_seat: 2, legal_moves: [], scores: [2, 2] },
    turn_due_at: '2026-11-20T08:01:00.000Z',
  })
  expect((await seenBy(ada, open.id)).legal_moves).toEqual([
    { square: 'd3' },
    { square: 'c4' },
    { square: 'f5' },
    { square: 'e6' },
  ])
})

test('what rules do not know is refused with its place and what was meant', async () => {
  const { ada, by, channel } = await setupPlaying()
  const errorsOf = async (more: object) => {
    const reply = await by(ada, '/', { channel_id: channel.id, rules: 'reversi', ...more })
    expect(reply.status).toBe(422)
    return (await bodyOf<{ errors: object[] }>(reply)).errors
  }
  expect(await errorsOf({ rules: 'reverse' })).toMatchObject([
    { pointer: '/rules', code: 'unknown_rules', hint: 'Did you mean "reversi"?' },
  ])
  expect(await errorsOf({ options: { size: 7 } })).toMatchObject([{ pointer: '/options/size' }])
  expect(await errorsOf({ options: { siz: 8 } })).toMatchObject([
    { pointer: '/options/siz', code: 'unknown_name' },
  ])
  expect(await errorsOf({ seats: 3 })).toMatchObject([{ pointer: '/seats' }])
  expect(await errorsOf({ seat: 3 })).toMatchObject([{ pointer: '/seat' }])
})

test('seats are taken once, by those who are not seated yet, while they are free', async () => {
  const { db, tenant, channel, ada, bob, by, opened, shown } = await setupPlaying()
  const cleo = await addMember(db, tenant.id, { role: 'viewer' })
  await joinChannel(db, channel, { userId: cleo.id, nickname: 'Cleo' })
  const { id } = await opened({ rules: 'four-in-a-row', seats: 3 })
  const refused = async (reply: Response, status: number) => {
    expect(reply.status).toBe(status)
    return (await bodyOf<{ errors: { code: string }[] }>(reply)).errors[0]?.code
  }
  expect(await refused(await by(bob, `/${id}/join`, { seat: 1 }), 409)).toBe('seat_taken')
  expect(await refused(await by(bob, `/${id}/join`, { seat: 4 }), 422)).toBe('out_of_range')
  await shown(await by(bob, `/${id}/join`, { seat: 3 }))
  expect((await shown(await by(bob, `/${id}/join`, {}))).version).toBe(2) // twice is once
  expect(await refused(await by(bob, `/${id}/join`, { seat: 2 }), 409)).toBe('seated')
  const full = await shown(await by(cleo, `/${id}/join`, {}))
  expect(full.players.map(({ user_id, name }) => [user_id, name])).toEqual([
    [ada.id, 'A viewer'],
    [cleo.id, 'Cleo'],
    [bob.id, 'A viewer'],
  ])
  expect(full.status).toBe('running')
  expect(await refused(await by(ada, `/${id}/leave`), 409)).toBe('has_begun')
})

test('of two who want the last seat at once one gets it', async () => {
  const { db, tenant, channel, bob, by, opened } = await setupPlaying()
  const cleo = await addMember(db, tenant.id, { role: 'viewer' })
  await joinChannel(db, channel, { userId: cleo.id })
  const { id } = await opened()
  const replies = await Promise.all([by(bob, `/${id}/join`, {}), by(cleo, `/${id}/join`, {})])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409])
})

test('who opened a game can begin it with fewer, and the players move up', async () => {
  const { ada, bob, by, opened, shown } = await setupPlaying()
  const { id } = await opened({ rules: 'four-in-a-row', seats: 4, seat: null })
  expect((await by(ada, `/${id}/start`)).status).toBe(409)
  await shown(await by(bob, `/${id}/join`, { seat: 4 }))
  await shown(await by(ada, `/${id}/join`, { seat: 2 }))
  expect((await by(bob, `/${id}/start`)).status).toBe(403)
  const started = await shown(await by(ada, `/${id}/start`))
  expect(started).toMatchObject({ status: 'running', seats: 2, turn_seat: 1, your_seat: 1 })
  expect(started.players.map(({ user_id }) => user_id)).toEqual([ada.id, bob.id])
  expect((await by(ada, `/${id}/start`)).status).toBe(409)
})

test('a seat that is left is free again, and a game that its maker leaves empty is cancelled', async () => {
  const { ada, bob, by, opened, shown } = await setupPlaying()
  const { id } = await opened({ rules: 'four-in-a-row', seats: 3 })
  await shown(await by(bob, `/${id}/join`, {}))
  const left = await shown(await by(bob, `/${id}/leave`))
  expect(left).toMatchObject({ status: 'open', your_seat: null, players: [{ seat: 1 }] })
  expect((await by(bob, `/${id}/leave`)).status).toBe(403)
  const cancelled = await shown(await by(ada, `/${id}/leave`))
  expect(cancelled).toMatchObject({
    status: 'ended',
    outcome: { reason: 'cancelled', winner_seats: [] },
    players: [],
  })
})

test('games are listed newest first, in pages, by channel, player, status and rules', async () => {
  const { ada, bob, eve, channel, get, by, opened, begun } = await setupPlaying()
  const first = await begun()
  const second = await opened({ rules: 'four-in-a-row', seats: 3 })
  const third = await opened()
  await by(ada, `/${third.id}/cancel`)
  const listed = async (query: string) =>
    bodyOf<Page<ShownGame>>(await get(`/?${query}`, { headers: bob.auth }))
  const ids = async (query: string) => (await listed(query)).items.map(({ id }) => id)
  expect(await ids('')).toEqual([third.id, second.id, first.id])
  expect(await ids(`channel_id=${channel.id}&status=open`)).toEqual([second.id])
  expect(await ids(`player_id=${bob.id}`)).toEqual([first.id])
  expect(await ids(`player_id=${eve.id}`)).toEqual([])
  expect(await ids('rules=reversi')).toEqual([third.id, first.id])
  expect(await ids('status=ended')).toEqual([third.id])
  const page = await listed('limit=2')
  expect(page.items.map(({ id }) => id)).toEqual([third.id, second.id])
  expect(await ids(`limit=2&cursor=${page.next_cursor}`)).toEqual([first.id])
  expect(page.items[1]?.players).toMatchObject([{ seat: 1, user_id: ada.id }])
  expect((await get(`/?status=ended&cursor=${page.next_cursor}`)).status).toBe(400)
})

test('a game that has not changed is 304 for whoever has read it', async () => {
  const { ada, get, opened } = await setupPlaying()
  const { id, version } = await opened()
  const headers = { ...ada.auth, 'if-none-match': `"v${version}"` }
  expect((await get(`/${id}`, { headers })).status).toBe(304)
})
