import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentPages } from '../../db/schema/index.ts'
import { completeDocument, type UploadedDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Word = { text: string; box: number[] }
type Page = { number: number; text: string }

async function withPages(pages = ['one two', 'three', ''], isRead = true) {
  const bundle = await setup(createApp)
  const { db, tenant, post, get } = bundle
  const document = await bodyOf<UploadedDocument>(await post('/v1/documents', '%PDF-1.7 x'))
  const complete = () => completeDocument(db, { tenantId: tenant.id, document, pages })
  if (isRead) await complete()
  const path = `/v1/documents/${document.id}`
  return { ...bundle, path, complete, status: async (at: string) => (await get(path + at)).status }
}

test('pages are listed in order and read one by one', async () => {
  const { get, path } = await withPages()
  type Pages = { items: Page[]; next_cursor: string | null }
  const first = await bodyOf<Pages>(await get(`${path}/pages?limit=2`))
  expect(first.items.map(({ number, text }) => [number, text])).toEqual([
    [1, 'one two'],
    [2, 'three'],
  ])
  const last = await bodyOf<Pages>(await get(`${path}/pages?limit=2&cursor=${first.next_cursor}`))
  expect(last).toMatchObject({ items: [{ number: 3, text: '' }], next_cursor: null })
  expect(await bodyOf(await get(`${path}/pages/1`))).toEqual({
    number: 1,
    width_points: 612,
    height_points: 792,
    rotation: 0,
    text: 'one two',
    text_source: null,
    pending: false,
    failure: null,
  })
})

test('the words of a page come with boxes inside the page', async () => {
  const { get, path } = await withPages()
  const { items } = await bodyOf<{ items: Word[] }>(await get(`${path}/pages/1/words`))
  expect(items.map((word) => word.text)).toEqual(['one', 'two'])
  for (const [x = -1, y = -1, width = -1, height = -1] of items.map((word) => word.box)) {
    expect(Math.min(x, y, width, height)).toBeGreaterThanOrEqual(0)
    expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1)
  }
})

test.each(['0', '4', '-1', '1.0', '0x1', 'one', '99999999999'])(
  'there is no page %s',
  async (n) => {
    const { status } = await withPages()
    expect(await status(`/pages/${n}`)).toBe(404)
    expect(await status(`/pages/${n}/words`)).toBe(404)
  },
)

test('the whole text parts its pages by form feeds, however many there are', async () => {
  const pages = Array.from({ length: 20 }, (_, index) => `page ${index + 1}`)
  const { get, path } = await withPages(pages)
  const response = await get(`${path}/text`)
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
  expect(await response.text()).toBe(pages.join('\f'))
})

test('a text whose document is read again meanwhile breaks off instead of seeming whole', async () => {
  const pages = Array.from({ length: 40 }, (_, index) => `page ${index + 1}`)
  const { get, post, db, tenant, path } = await withPages(pages)
  const reader = (await get(`${path}/text`)).body?.getReader()
  await reader?.read()
  await post(`${path}/reprocess`)
  await db.delete(documentPages).where(eq(documentPages.tenantId, tenant.id))
  const readOn = async () => {
    while (!(await reader?.read())?.done);
  }
  await expect(readOn()).rejects.toThrow('read again')
})

test('NDJSON has a page with its words a line', async () => {
  const { get, path } = await withPages()
  const response = await get(`${path}/pages.ndjson`)
  expect(response.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = (await response.text()).trimEnd().split('\n')
  const pages = lines.map((line) => JSON.parse(line) as Page & { words: Word[] })
  expect(pages.map(({ number, words }) => [number, words.map((word) => word.text)])).toEqual([
    [1, ['one', 'two']],
    [2, ['three']],
    [3, []],
  ])
})

test('half a result does not pass for a whole one', async () => {
  const { get, path, status } = await withPages(['one'], false)
  for (const part of ['/text', '/pages.ndjson']) {
    const response = await get(path + part)
    expect(await bodyOf(response)).toMatchObject({ status: 409, code: 'conflict' })
  }
  expect(await status('/pages')).toBe(200)
})

test('parts of a completed document come from the cache, and none stays there without it', async () => {
  const { get, del, path, redis } = await withPages()
  const { set } = redis.cache
  const kept: string[] = []
  redis.cache.set = (key, value, ttlMs) => {
    kept.push(key)
    return set(key, value, ttlMs)
  }
  await get(`${path}/pages/1/words`)
  await get(`${path}/pages/1`)
  expect(kept).toHaveLength(2)
  await set(kept[0] ?? '', '{"items":[]}', 60_000)
  expect(await (await get(`${path}/pages/1/words`)).text()).toBe('{"items":[]}')
  expect((await del(path)).status).toBe(204)
  expect(await Promise.all(kept.map((key) => redis.cache.get(key)))).toEqual([null, null])
})

test('parts of a document carry its version, and are not sent again while it stands', async () => {
  const { get, path } = await withPages()
  for (const part of ['/pages/1', '/pages/1/words']) {
    const etag = (await get(path + part)).headers.get('etag') ?? ''
    expect((await get(path + part, { headers: { 'if-none-match': etag } })).status).toBe(304)
  }
})

const eventsOf = (text: string) =>
  [...text.matchAll(/^event: document\ndata: (.+)$/gm)].map(
    ([, data]) => JSON.parse(data ?? '') as { status: string; version: number },
  )

test('the events of a document begin with its state and end with its end', async () => {
  const { get, path, complete } = await withPages(['one'], false)
  const response = await get(`${path}/events`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const text = response.text()
  await complete()
  const events = eventsOf(await text)
  expect(events[0]?.status).toBe('pending')
  expect(events.at(-1)).toEqual(await bodyOf(await get(path)))
  expect(events.at(-1)?.status).toBe('completed')
})

test('the events of a finished document are its state alone, and those of a deleted one end', async () => {
  const finished = await withPages()
  const response = await finished.get(`${finished.path}/events`)
  expect(eventsOf(await response.text())).toHaveLength(1)
  const { get, del, path } = await withPages(['one'], false)
  const text = (await get(`${path}/events`)).text()
  await del(path)
  expect(eventsOf(await text).map((event) => event.status)).toEqual(['pending'])
})
