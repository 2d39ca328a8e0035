import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelEvents, gameMoves, games } from '../../db/schema/index.ts'
import { type Playing, type ShownGame, setupPlaying } from '../../test/fixtures/playing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = {
  status: number
  code: string
  hint: string
  errors: { pointer: string; code: string; detail: string }[]
}

/** What the database holds of a game: its row, its moves, and the types of its events. */
async function keptOf({ db, tenant, channel }: Playing, id: string) {
  const [row] = await db
    .select()
    .from(games)
    .where(and(eq(games.tenantId, tenant.id), eq(games.id, id)))
  const moves = await db
    .select()
    .from(gameMoves)
    .where(and(eq(gameMoves.tenantId, tenant.id), eq(gameMoves.gameId, id)))
    .orderBy(gameMoves.number)
  const inChannel = [eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channel.id)]
  const events = await db
    .select()
    .from(channelEvents)
    .where(and(...inChannel))
    .orderBy(channelEvents.seq)
  return { row, moves, events }
}

test('a move is kept with the state, the version and the event that it makes', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, move, shown } = playing
  const game = await begun()
  const reply = await move(ada, game, { square: 'd3' })
  expect(reply.headers.get('etag')).toBe('"v3"')
  const after = await shown(reply)
  expect(after).toMatchObject({ version: 3, move_count: 1, turn_seat: 2, legal_moves: [] })
  expect(after.state?.board.slice(2, 4)).toEqual(['...b....', '...bb...'])
  await shown(await move(bob, after, { square: 'c3' }))
  const { row, moves, events } = await keptOf(playing, game.id)
  expect(row).toMatchObject({ version: 4, moveCount: 2, turnSeat: 1 })
  expect(moves).toMatchObject([
    { number: 1, seat: 1, kind: 'play', move: { square: 'd3' }, version: 3 },
    { number: 2, seat: 2, kind: 'play', move: { square: 'c3' }, version: 4 },
  ])
  expect(events.map(({ seq, type, data }) => [seq, type, data])).toEqual([
    [1, 'game.created', { version: 1 }],
    [2, 'game.joined', { seat: 1, version: 1 }],
    [3, 'game.joined', { seat: 2, version: 2 }],
    [4, 'game.started', { seats: 2, version: 2 }],
    [5, 'game.moved', { number: 1, seat: 1, kind: 'play', version: 3 }],
    [6, 'game.moved', { number: 2, seat: 2, kind: 'play', version: 4 }],
  ])
})

test('a move needs the version that it was thought out for', async () => {
  const { ada, bob, by, begun, move } = await setupPlaying()
  const game = await begun()
  const body = { move: { square: 'd3' } }
  const none = await by(ada, `/${game.id}/moves`, body)
  expect(none.status).toBe(428)
  expect((await by(ada, `/${game.id}/moves`, body, { 'if-match': '*' })).status).toBe(428)
  expect((await move(ada, game, { square: 'd3' })).status).toBe(200)
  const stale = await move(bob, game, { square: 'c3' })
  expect(stale.headers.get('etag')).toBe('"v3"')
  expect(await bodyOf<Problem>(stale)).toMatchObject({
    status: 412,
    hint: 'It is at "v3" now: 1 move played, the turn of seat 2. Read it again before you decide.',
    errors: [{ in: 'header', pointer: '/if-match', code: 'changed' }],
  })
})

test('another player’s turn, an illegal move and one of no form are told apart', async () => {
  const { ada, bob, begun, move, opened } = await setupPlaying()
  const game = await begun()
  const problem = async (reply: Response) => bodyOf<Problem>(reply)
  expect(await problem(await move(bob, game, { square: 'd3' }))).toMatchObject({
    status: 409,
    detail: 'It is the turn of seat 1, and you have 2.',
    errors: [{ code: 'not_your_turn' }],
  })
  const legal = 'Legal now: {"square":"d3"}, {"square":"c4"}, {"square":"f5"}, {"square":"e6"}.'
  expect(await problem(await move(ada, game, { square: 'a1' }))).toMatchObject({
    ...{ status: 422, hint: legal },
    errors: [{ pointer: '/move', code: 'illegal_move', detail: 'A disc on a1 turns none over.' }],
  })
  expect(await problem(await move(ada, game, { square: 12 }))).toMatchObject({
    ...{ status: 422, hint: legal },
    errors: [{ pointer: '/move/square', code: 'invalid_type' }],
  })
  expect(await problem(await move(ada, game, { square: 'd3', by: 1 }))).toMatchObject({
    errors: [{ pointer: '/move/by', code: 'unknown_name' }],
  })
  const open = await opened()
  expect(await problem(await move(ada, open, { square: 'd3' }))).toMatchObject({
    status: 409,
    errors: [{ code: 'not_begun' }],
  })
})

test('of two moves at once exactly one wins, game after game', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, move, seenBy } = playing
  for (let round = 0; round < 8; round += 1) {
    const game = await begun()
    const squares = ['d3', 'c4', 'f5', 'e6', 'd3']
    const replies = await Promise.all([
      ...squares.map((square) => move(ada, game, { square })), // the same player, many times
      move(bob, game, { square: 'd3' }),
    ])
    const statuses = replies.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.slice(0, 5).sort()).toEqual([200, 412, 412, 412, 412])
    expect([409, 412]).toContain(statuses[5])
    const { row, moves, events } = await keptOf(playing, game.id)
    expect(moves).toHaveLength(1)
    expect(row).toMatchObject({ version: 3, moveCount: 1 })
    const moved = events.filter(
      ({ subjectId, type }) => subjectId === game.id && type === 'game.moved',
    )
    expect(moved).toHaveLength(1)
    expect((await seenBy(bob, game.id)).legal_moves).toHaveLength(3)
  }
})

test('two players at once play a whole game, and no move is lost or played twice', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, move, seenBy } = playing
  const { id } = await begun({ options: { size: 4 } })
  let [game, played] = [await seenBy(ada, id), 0]
  while (game.status === 'running') {
    const sights = await Promise.all([seenBy(ada, id), seenBy(bob, id)])
    const wanted = sights.flatMap((seen, index) =>
      seen.legal_moves.map((legal) => move(index === 0 ? ada : bob, seen, legal)),
    )
    const replies = await Promise.all(wanted)
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    played += 1
    game = await seenBy(ada, id)
  }
  const { moves } = await keptOf(playing, id)
  expect(moves.map(({ number }) => number)).toEqual(moves.map((_, index) => index + 1))
  expect(moves.filter(({ kind }) => kind === 'play')).toHaveLength(played)
})

test('a repeated Idempotency-Key plays once and replays its reply, also when both come at once', async () => {
  const { ada, begun, move } = await setupPlaying()
  const game = await begun()
  const key = { 'idempotency-key': 'my-first-move' }
  const first = await move(ada, game, { square: 'd3' }, key)
  const again = await move(ada, game, { square: 'd3' }, key)
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(again.headers.get('etag')).toBe('"v3"')
  expect(await again.text()).toBe(await first.text())
  const other = await begun()
  const once = { 'idempotency-key': 'at-once' }
  const replies = await Promise.all(
    Array.from({ length: 6 }, () => move(ada, other, { square: 'd3' }, once)),
  )
  const fresh = replies.filter((reply) => reply.ok && !reply.headers.has('idempotency-replayed'))
  expect(fresh).toHaveLength(1)
  for (const { status } of replies) expect([200, 409]).toContain(status) // 409: still in flight
})

test('who cannot move is passed by the server, as a move of its own in the same version', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, shown, move, seenBy } = playing
  let game = await begun({ options: { size: 4 } })
  for (const [index, square] of ['b1', 'c1', 'd3', 'a1'].entries())
    game = await shown(await move(index % 2 === 0 ? ada : bob, game, { square }))
  expect(game).toMatchObject({ version: 6, move_count: 5, turn_seat: 2 })
  expect(game.legal_moves).not.toEqual([])
  expect((await seenBy(ada, game.id)).legal_moves).toEqual([])
  const { moves, events } = await keptOf(playing, game.id)
  expect(moves.slice(3)).toMatchObject([
    { number: 4, seat: 2, kind: 'play', move: { square: 'a1' }, version: 6 },
    { number: 5, seat: 1, kind: 'pass', move: null, version: 6 },
  ])
  expect(events.slice(-2)).toMatchObject([
    { actorUserId: bob.id, data: { number: 4, seat: 2, kind: 'play', version: 6 } },
    { actorUserId: null, data: { number: 5, seat: 1, kind: 'pass', version: 6 } },
  ])
})

test('the last move ends a game by its rules', async () => {
  const { ada, bob, begun, move, shown, get } = await setupPlaying()
  let game: ShownGame = await begun()
  const squares = ['e6', 'f4', 'e3', 'f6', 'g5', 'd6', 'e7', 'f5', 'c5']
  for (const [index, square] of squares.entries())
    game = await shown(await move(index % 2 === 0 ? ada : bob, game, { square }))
  expect(game).toMatchObject({
    ...{ status: 'ended', turn_seat: null, scores: [13, 0], legal_moves: [] },
    outcome: { reason: 'finished', winner_seats: [1] },
  })
  const late = await move(bob, game, { square: 'a1' })
  expect(await bodyOf<Problem>(late)).toMatchObject({ status: 409, errors: [{ code: 'over' }] })
  type Moves = { items: { number: number; move: object }[]; next_cursor: string | null }
  const page = await bodyOf<Moves>(await get(`/${game.id}/moves?limit=5`, { headers: bob.auth }))
  const next = `/${game.id}/moves?limit=5&cursor=${page.next_cursor}`
  const rest = await bodyOf<Moves>(await get(next, { headers: bob.auth }))
  expect([...page.items, ...rest.items].map(({ move: played }) => played)).toEqual(
    squares.map((square) => ({ square })),
  )
  expect(rest.next_cursor).toBeNull()
})
