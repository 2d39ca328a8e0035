import { expect, test } from 'vitest'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Hit = {
  document_id: string
  page: number
  snippet: string
  highlights: [number, number][]
  boxes: [number, number, number, number][]
}
type Found = { items: Hit[]; next_cursor: string | null }

async function searching() {
  const bundle = await setup(createApp)
  const add = (pages: readonly string[], { id, admin } = bundle.tenant) =>
    addDocument(bundle.db, { tenantId: id, userId: admin.id, pages })
  const find = async (q: string, more = '') =>
    bodyOf<Found>(await bundle.get(`/v1/search?q=${encodeURIComponent(q)}${more}`))
  const highlighted = async (q: string) =>
    (await find(q)).items.map((hit) =>
      hit.highlights.map(([from, to]) => hit.snippet.slice(from, to)),
    )
  return { ...bundle, add, find, highlighted }
}

test('a phrase is found on its page, with its words highlighted and boxed', async () => {
  const { add, find } = await searching()
  const { id } = await add([
    'nothing here',
    'alpha beta',
    'We hold these truths\nto be self evident',
  ])
  const { items, next_cursor } = await find('"these truths"')
  expect(items).toHaveLength(1)
  const [hit] = items
  expect(hit).toMatchObject({
    document_id: id,
    page: 3,
    snippet: 'We hold these truths to be self evident',
  })
  expect(hit?.highlights).toEqual([[8, 20]])
  expect(hit?.boxes.map((box) => box.map((side) => Math.round(side * 100) / 100))).toEqual([
    [0.08, 0, 0.05, 0.02],
    [0.14, 0, 0.06, 0.02],
  ])
  expect(next_cursor).toBeNull()
})

test.each([
  ['running', [['runs'], ['Running']]],
  ['GRÖSSE', [['Größe']]],
  ['"exact phrase"', [['exact phrase']]],
  ['exact OR größe', [['Größe'], ['exact', 'exact']]],
  ['exact -runs', [['exact', 'exact']]],
  ['well-known', [['well-known']]],
  ['"the of and"', [['the of and']]],
])('the query %s highlights %j', async (q, wanted) => {
  const { add, highlighted } = await searching()
  await add(['Running in the rain', 'phrase exact, an exact phrase', 'she runs', 'Die Größe'])
  await add(['a well-known thing', 'stop: the of and', 'the and of'])
  const found = await highlighted(q)
  expect(found.map((texts) => texts.join()).sort()).toEqual(wanted.map((t) => t.join()).sort())
})

test('a phrase across a line break is found, and its boxes are those of its words on both lines', async () => {
  const { add, find } = await searching()
  await add(['first line ends\nhere it goes on'])
  const { items } = await find('"ends here"')
  const boxes = items[0]?.boxes.map(([x, y]) => [Math.round(x * 100), Math.round(y * 100)])
  expect(boxes).toEqual([
    [11, 0],
    [0, 2],
  ])
})

test('results are filtered by document, user, status and language', async () => {
  const { add, find, tenant } = await searching()
  const english = await add([
    'the cat and the dog of the house and that is that for you and for me',
  ])
  const other = await add(['cat'])
  const ids = async (more: string) =>
    (await find('cat', more)).items.map((hit) => hit.document_id).sort()
  expect(await ids('')).toEqual([english.id, other.id].sort())
  expect(await ids(`&document_id=${other.id}`)).toEqual([other.id])
  expect(await ids('&language=en')).toEqual([english.id])
  expect(await ids('&status=failed')).toEqual([])
  expect(await ids(`&user_id=${tenant.admin.id}`)).toHaveLength(2)
  expect(await ids(`&user_id=${other.id}`)).toEqual([])
})

test('every match comes once, page by page, the better ones first', async () => {
  const { add, find } = await searching()
  const best = 'needle needle needle needle'
  const { id } = await add(Array.from({ length: 24 }, (_, n) => (n === 17 ? best : 'a needle')))
  const seen: [string, number][] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Found = await find('needle', `&limit=5${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map((hit): [string, number] => [hit.document_id, hit.page]))
    cursor = page.next_cursor
  }
  const others = Array.from({ length: 24 }, (_, n) => n + 1).filter((n) => n !== 18)
  expect(seen).toEqual([18, ...others].map((number) => [id, number]))
})

test('no match is lost beyond the pages that are ranked at once', async () => {
  const { add, find } = await searching()
  await add(Array.from({ length: 1_003 }, () => 'common'))
  let pages = 0
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: Found = await find('common', `&limit=100${cursor && `&cursor=${cursor}`}`)
    pages += page.items.length
    cursor = page.next_cursor
  }
  expect(pages).toBe(1_003)
})

test("another tenant's pages are never found", async () => {
  const { add, find, otherTenant } = await searching()
  await add(['secret'], otherTenant)
  expect((await find('secret')).items).toEqual([])
})

test('a word that is hit twice has one box', async () => {
  const { add, find } = await searching()
  await add(['a foo-bar b'])
  expect((await find('foo bar')).items[0]?.boxes).toHaveLength(1)
})

test('a page with many hits gives at most 100 boxes', async () => {
  const { add, find } = await searching()
  await add([Array.from({ length: 40 }, () => 'hit hit hit hit hit').join('\n')])
  expect((await find('hit')).items[0]?.boxes).toHaveLength(100)
})

test.each(['-only', 'a OR -b', '...', ' ', '"-"'])(
  'the query %j names no word to find and is refused with a hint',
  async (q) => {
    const { get } = await searching()
    const response = await get(`/v1/search?q=${encodeURIComponent(q)}`)
    expect(await bodyOf(response)).toMatchObject({
      status: 422,
      errors: [{ in: 'query', pointer: '/q', code: 'no_words' }],
      hint: expect.stringContaining('at least one word'),
    })
  },
)

test.each([`'`, `"open`, `a & | ! ( b`, `<->`.repeat(50), '((((a', 'a:*', `\\`, '𝒜 '.repeat(166)])(
  'whatever is typed, %j is no server error',
  async (q) => {
    const { get } = await searching()
    const response = await get(`/v1/search?q=${encodeURIComponent(q)}`)
    expect([200, 422]).toContain(response.status)
  },
)

test('queries without q, too long, or with a cursor of another query are refused', async () => {
  const { add, find, get } = await searching()
  await add(['one', 'one'])
  const { next_cursor } = await find('one', '&limit=1')
  const status = async (query: string) => (await get(`/v1/search${query}`)).status
  expect(await status('')).toBe(422)
  expect(await status(`?q=${'x'.repeat(501)}`)).toBe(422)
  expect(await status(`?q=two&limit=1&cursor=${next_cursor}`)).toBe(400)
  expect(await status('?q=one&cursor=x.y')).toBe(400)
})

test('an ingest key may not search', async () => {
  const { get } = await searching()
  expect((await get('/v1/search?q=a', { as: 'ingest' })).status).toBe(403)
})
