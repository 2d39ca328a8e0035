import { expect, test } from 'vitest'
import { type ShownGame, setupPlaying } from '../../test/fixtures/playing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Snapshot = {
  move: number
  state: { board: string[] }
  turn_seat: number | null
  last_move: { number: number } | null
}

test('a snapshot shows the game after any of its moves, and never changes', async () => {
  const { ada, bob, begun, shown, move, by, get } = await setupPlaying()
  let game: ShownGame = await begun({ options: { size: 4 } })
  const states = [game.state]
  const read = async (n: number) => {
    const reply = await get(`/${game.id}/snapshot?move=${n}`, { headers: ada.auth })
    expect(reply.status).toBe(200)
    return { etag: reply.headers.get('etag'), body: await bodyOf<Snapshot>(reply) }
  }
  const seen = [await read(0)]
  for (const [index, square] of ['b1', 'c1', 'd3'].entries()) {
    game = await shown(await move(index % 2 === 0 ? ada : bob, game, { square }))
    states.push(game.state)
    seen.push(await read(index + 1))
    expect(await Promise.all(seen.map((_, n) => read(n)))).toEqual(seen)
  }
  expect(seen.map(({ body }) => body.state)).toEqual(states)
  expect(seen.map(({ body }) => body.last_move?.number)).toEqual([undefined, 1, 2, 3])
  game = await shown(await move(bob, game, { square: 'a1' })) // and a pass
  expect((await read(4)).body.turn_seat).toBe(1)
  expect((await read(5)).body).toMatchObject({ turn_seat: 2, state: game.state })
  await by(ada, `/${game.id}/resign`)
  expect(await Promise.all(seen.map((_, n) => read(n)))).toEqual(seen)
  const latest = await get(`/${game.id}/snapshot`, { headers: bob.auth })
  expect((await bodyOf<Snapshot>(latest)).move).toBe(5)
  const headers = { ...ada.auth, 'if-none-match': seen[2]?.etag ?? '' }
  expect((await get(`/${game.id}/snapshot?move=2`, { headers })).status).toBe(304)
})

test('there is no snapshot of what was not played', async () => {
  const { ada, get, begun, opened } = await setupPlaying()
  const status = async (path: string) => (await get(path, { headers: ada.auth })).status
  expect(await status(`/${(await begun()).id}/snapshot?move=1`)).toBe(404)
  expect(await status(`/${(await opened()).id}/snapshot`)).toBe(404)
  expect(await status(`/${(await begun()).id}/snapshot?move=-1`)).toBe(422)
})
