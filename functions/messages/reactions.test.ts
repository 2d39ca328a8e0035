import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { messageReactions, messages } from '../../db/schema/index.ts'
import { type Message, talking } from '../../test/fixtures/talking.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { knownEmoji } from './emoji.ts'

const at = (id: string, emoji: string) => `/${id}/reactions/${encodeURIComponent(emoji)}`

test('signs are counted by emoji, the earliest first, and everybody sees which are their own', async () => {
  const { say, put, read, by, ada, bob, guest, clock } = await talking()
  const { id } = await say(ada, 'done')
  await put(at(id, '🎉'), undefined, by(bob))
  clock.advance(1_000)
  await put(at(id, '👍'), undefined, by(ada))
  await put(at(id, ':shipit:'), undefined, by(ada))
  const reply = await put(at(id, '👍'), undefined, by(guest))
  expect(await bodyOf<Message>(reply)).toMatchObject({
    reactions: [
      { emoji: '🎉', count: 1, mine: false },
      { emoji: ':shipit:', count: 1, mine: false },
      { emoji: '👍', count: 2, mine: true },
    ],
  })
  expect(reply.headers.get('etag')).toBe('"v5"')
  expect((await read(bob, id)).reactions[0]?.mine).toBe(true)
})

test('putting a sign twice and taking it off twice changes nothing the second time', async () => {
  const { say, put, del, read, by, ada } = await talking()
  const { id } = await say(ada, 'done')
  const twice = [put(at(id, '👍'), undefined, by(ada)), put(at(id, '👍'), undefined, by(ada))]
  expect((await Promise.all(twice)).map(({ status }) => status)).toEqual([200, 200])
  expect((await read(ada, id)).reactions).toEqual([{ emoji: '👍', count: 1, mine: true }])
  const off = [del(at(id, '👍'), by(ada)), del(at(id, '👍'), by(ada))]
  expect((await Promise.all(off)).map(({ status }) => status)).toEqual([204, 204])
  expect(await read(ada, id)).toMatchObject({ reactions: [], version: 3 })
})

test('an observer puts no sign on a message', async () => {
  const { say, put, by, ada, observer } = await talking()
  const { id } = await say(ada, 'done')
  expect((await put(at(id, '👍'), undefined, by(observer))).status).toBe(403)
})

test('a message bears fifty different signs and each of them any number of times', async () => {
  const { say, put, by, ada, bob } = await talking()
  const { id } = await say(ada, 'done')
  for (let number = 1; number <= 50; number += 1)
    await put(at(id, `:sign-${number}:`), undefined, by(ada))
  expect((await put(at(id, ':one-more:'), undefined, by(bob))).status).toBe(409)
  expect((await put(at(id, ':sign-7:'), undefined, by(bob))).status).toBe(200)
})

test('who put which sign is listed by pages', async () => {
  const { say, put, get, by, ada, bob } = await talking()
  const { id } = await say(ada, 'done')
  for (const who of [ada, bob]) await put(at(id, '👍'), undefined, by(who))
  await put(at(id, ':a:'), undefined, by(bob))
  type Page = { items: { emoji: string; user_id: string; name: string }[]; next_cursor: string }
  const first = await bodyOf<Page>(await get(`/${id}/reactions?limit=2`, by(ada)))
  const rest = await bodyOf<Page>(
    await get(`/${id}/reactions?limit=2&cursor=${first.next_cursor}`, by(ada)),
  )
  const found = [...first.items, ...rest.items].map(({ emoji, user_id }) => [emoji, user_id])
  const thumbs = [ada.id, bob.id].sort().map((userId) => ['👍', userId])
  expect(found).toEqual([[':a:', bob.id], ...thumbs])
})

test('of a sign and a deletion at once no sign is left on what is deleted', async () => {
  const { say, put, del, by, ada, bob, db, tenant } = await talking()
  for (let time = 0; time < 10; time += 1) {
    const { id } = await say(ada, 'going')
    const [signed, deleted] = await Promise.all([
      put(at(id, '👍'), undefined, by(bob)),
      del(`/${id}`, by(ada)),
    ])
    expect([200, 409]).toContain(signed?.status)
    expect(deleted?.status).toBe(204)
  }
  const ofTenant = (table: typeof messages | typeof messageReactions) =>
    db.$count(table, sql`tenant_id = ${tenant.id}`)
  expect(await ofTenant(messages)).toBe(10)
  expect(await ofTenant(messageReactions)).toBe(0)
})

test.each([
  ['👍', '👍'],
  ['👩🏽‍🚒', '👩🏽‍🚒'],
  ['🏴󠁧󠁢󠁳󠁣󠁴󠁿', '🏴󠁧󠁢󠁳󠁣󠁴󠁿'],
  ['❤', '❤️'],
  ['❤️', '❤️'],
  ['1️⃣', '1️⃣'],
  [':Ship_It+1:', ':ship_it+1:'],
  ['👍👍', null],
  ['a', null],
  ['1', null],
  ['::', null],
  [':white space:', null],
  ['', null],
  ['\u0000', null],
])('%j is the sign %j', (text, expected) => {
  expect(knownEmoji(text)).toBe(expected)
})

test('what is no emoji is refused with how to send one', async () => {
  const { say, put, by, ada } = await talking()
  const { id } = await say(ada, 'done')
  const reply = await put(at(id, 'nice'), undefined, by(ada))
  expect(reply.status).toBe(422)
  expect(await bodyOf(reply)).toMatchObject({ hint: expect.stringContaining('percent-encoded') })
})
