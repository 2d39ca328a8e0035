import { expect, test } from 'vitest'
import { addMessage } from '../../test/fixtures/channels.ts'
import { type Page, talking } from '../../test/fixtures/talking.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const seqs = ({ items }: Page) => items.map(({ seq }) => seq)
const range = (from: number, to: number) =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + Math.sign(to - from) * index)

/** A channel of so many messages, and a way through the list of them. */
async function filled(count: number) {
  const bench = await talking()
  const { db, channel, ada, bob, get, by } = bench
  for (let seq = 1; seq <= count; seq += 1)
    await addMessage(db, channel, {
      userId: seq % 3 === 0 ? bob.id : ada.id,
      text: `number ${seq}`,
    })
  const page = async (query: string, cursor?: string | null) => {
    const at = cursor ? `&cursor=${cursor}` : ''
    const reply = await get(`/?channel_id=${channel.id}${query}${at}`, by(ada))
    expect(reply.status, await reply.clone().text()).toBe(200)
    return bodyOf<Page>(reply)
  }
  /** All pages from the one that `query` asks for, in the direction of a cursor. */
  const walk = async (query: string, field: 'next_cursor' | 'prev_cursor') => {
    const pages = [await page(query)]
    for (let last = pages[0]; last?.[field]; last = pages.at(-1))
      pages.push(await page(query, last[field]))
    return pages
  }
  return { ...bench, page, walk }
}

test('the history is read from its end to its beginning, each message once', async () => {
  const { walk } = await filled(25)
  const pages = await walk('&limit=10', 'next_cursor')
  expect(pages.map(seqs)).toEqual([range(25, 16), range(15, 6), range(5, 1)])
  expect(pages[0]?.prev_cursor).toBeNull()
})

test('from any page one comes back over the same messages to the newest', async () => {
  const { walk } = await filled(25)
  const pages = await walk('&limit=10&before_seq=6', 'prev_cursor')
  expect(pages.map(seqs)).toEqual([range(5, 1), range(15, 6), range(25, 16)])
  expect(pages[0]?.next_cursor).toBeNull()
})

test('who was away reads what came since, oldest first, and sees what came meanwhile', async () => {
  const { page, say, ada } = await filled(8)
  const first = await page('&limit=3&after_seq=3')
  expect(seqs(first)).toEqual([4, 5, 6])
  await say(ada, 'number 9')
  const second = await page('&limit=3&after_seq=3', first.next_cursor)
  expect([seqs(second), second.next_cursor]).toEqual([[7, 8, 9], null])
  expect(seqs(await page('&limit=3&after_seq=3', second.prev_cursor))).toEqual([4, 5, 6])
  expect((await page('&after_seq=9')).items).toEqual([])
})

test('a message is shown in the middle of what stands around it, and at the ends with as many as fit', async () => {
  const { page } = await filled(20)
  expect(seqs(await page('&limit=5&around_seq=10'))).toEqual([12, 11, 10, 9, 8])
  expect(seqs(await page('&limit=5&around_seq=1'))).toEqual([5, 4, 3, 2, 1])
  expect(seqs(await page('&limit=5&around_seq=20'))).toEqual([20, 19, 18, 17, 16])
  expect(seqs(await page('&limit=1&around_seq=7'))).toEqual([7])
  const middle = await page('&limit=5&around_seq=10')
  expect(seqs(await page('&limit=5&around_seq=10', middle.next_cursor))).toEqual(range(7, 3))
  expect(seqs(await page('&limit=5&around_seq=10', middle.prev_cursor))).toEqual(range(17, 13))
})

test('the list can be of one author or of the answers to one message, and both can be paged', async () => {
  const { walk, page, bob, ada, say } = await filled(12)
  const ofBob = await walk(`&limit=3&author_id=${bob.id}`, 'next_cursor')
  expect(ofBob.map(seqs)).toEqual([[12, 9, 6], [3]])
  for (const text of ['a', 'b', 'c']) await say(ada, text, { reply_to_seq: 5 })
  expect((await walk('&limit=2&reply_to_seq=5', 'next_cursor')).map(seqs)).toEqual([[15, 14], [13]])
  expect((await page('&reply_to_seq=6')).items).toEqual([])
})

test('a cursor of another list is refused, and so are two places to begin at', async () => {
  const { page, get, channel, by, ada } = await filled(5)
  const { next_cursor: cursor } = await page('&limit=2')
  const refused = async (query: string) =>
    (await get(`/?channel_id=${channel.id}${query}`, by(ada))).status
  expect(await refused(`&limit=2&reply_to_seq=1&cursor=${cursor}`)).toBe(400)
  expect(await refused('&cursor=forged')).toBe(400)
  expect(await refused('&before_seq=3&after_seq=1')).toBe(422)
})

test('the links of a page lead where its cursors lead', async () => {
  const { get, channel, by, ada } = await filled(9)
  const reply = await get(`/?channel_id=${channel.id}&limit=3&around_seq=5`, by(ada))
  const links = [...(reply.headers.get('link') ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)]
  const found = await Promise.all(
    links.map(async ([, path = '', rel]) => [rel, seqs(await bodyOf(await get(path, by(ada))))]),
  )
  expect(found).toEqual([
    ['next', [3, 2, 1]],
    ['prev', [9, 8, 7]],
  ])
})
