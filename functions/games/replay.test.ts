import { and, asc, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { gameMoves, games } from '../../db/schema/index.ts'
import { rulesOf } from '../../domain/games/catalogue.ts'
import { replay } from '../../domain/games/course.ts'
import { seededRandom } from '../../test/contract/hostile-requests.ts'
import { type Playing, type ShownGame, setupPlaying } from '../../test/fixtures/playing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const gamesEach = process.env.OCTAVO_TEST_LONG === '1' ? 50 : 16
const atOnce = 4

/** What is stored of a game now, after checking that its moves give that. */
async function replayed({ db, tenant }: Playing, { id, version }: ShownGame) {
  const rows = await db
    .select({ game: games, kept: gameMoves })
    .from(games)
    .leftJoin(
      gameMoves,
      and(eq(gameMoves.tenantId, games.tenantId), eq(gameMoves.gameId, games.id)),
    )
    .where(and(eq(games.tenantId, tenant.id), eq(games.id, id)))
    .orderBy(asc(gameMoves.number))
  const [first] = rows
  if (!first) throw new Error('the game is gone')
  const moves = rows.flatMap(({ kept }) => kept ?? [])
  const rules = rulesOf(first.game)
  const state = replay(rules, first.game, moves)
  expect(first.game.state).toEqual(state)
  expect(first.game).toMatchObject({
    ...{ version, moveCount: moves.length, turnSeat: rules.turnOf(state) },
  })
  expect(moves.map(({ number }) => number)).toEqual(moves.map((_, index) => index + 1))
  if (rules.turnOf(state) === null)
    expect(first.game).toMatchObject({ endReason: 'finished', winnerSeats: rules.winnersOf(state) })
  return rules.legalMoves(state)
}

/** A whole game of random legal moves over HTTP; after each of them what is stored is what its moves give. */
async function playRandomly(playing: Playing, body: object, random: () => number) {
  const { ada, bob, begun, move, shown } = playing
  let game = await begun({ ...body })
  let legal = await replayed(playing, game)
  while (game.status === 'running') {
    const who = game.turn_seat === 1 ? ada : bob
    game = await shown(await move(who, game, legal[Math.floor(random() * legal.length)]))
    legal = await replayed(playing, game)
  }
}

test.each([
  ['reversi on the board of four', { rules: 'reversi', options: { size: 4 } }],
  ['four in a row', { rules: 'four-in-a-row', options: { columns: 4, rows: 4 } }],
])(
  `in ${gamesEach} random games of %s what is stored equals the replay after every move`,
  async (_, body) => {
    const playing = await setupPlaying()
    const random = seededRandom(20_261_121)
    for (let played = 0; played < gamesEach; played += atOnce)
      await Promise.all(Array.from({ length: atOnce }, () => playRandomly(playing, body, random)))
  },
  180_000,
)

test('every snapshot of a whole game on the usual board is the state that the players saw', async () => {
  const playing = await setupPlaying()
  const { ada, bob, begun, move, shown, seenBy, get } = playing
  const random = seededRandom(8)
  let game = await begun()
  const seen = new Map<number, unknown>([[0, game.state]])
  while (game.status === 'running') {
    const who = game.turn_seat === 1 ? ada : bob
    const { legal_moves: legal } = await seenBy(who, game.id)
    game = await shown(await move(who, game, legal[Math.floor(random() * legal.length)]))
    seen.set(game.move_count, game.state)
  }
  for (const [number, state] of seen) {
    const path = `/${game.id}/snapshot?move=${number}`
    const reply = await get(path, { headers: ada.auth })
    expect((await bodyOf<{ state: unknown }>(reply)).state, `move ${number}`).toEqual(state)
  }
}, 60_000)
