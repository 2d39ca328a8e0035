import { expect, test } from 'vitest'
import * as z from 'zod'
import { newCursors, toPage } from './pages.ts'

const cursors = newCursors(new Uint8Array(32).fill(1))
const shape = z.tuple([z.string()])

test('a cursor gives back its position', async () => {
  const cursor = await cursors.write('scope', ['käse'])
  expect(await cursors.read('scope', cursor, shape)).toEqual(['käse'])
})

test.each([
  ['made for another list', async () => cursors.write('other', ['a'])],
  ['signed with another secret', async () => newCursors(new Uint8Array(32)).write('scope', ['a'])],
  ['with an altered payload', async () => `x${await cursors.write('scope', ['a'])}`],
  ['with a part too many', async () => `${await cursors.write('scope', ['a'])}.a`],
  ['of another shape', async () => cursors.write('scope', [1])],
  ['that is empty', async () => ''],
  ['that is a dot', async () => '.'],
  ['of a megabyte', async () => 'a'.repeat(1_000_000)],
  ['that is no base64url', async () => 'ä.ö'],
])('a cursor %s is refused', async (_, make) => {
  await expect(cursors.read('scope', await make(), shape)).rejects.toMatchObject({
    code: 'invalid_cursor',
  })
})

const list = { cursors, scope: 'scope', url: new URL('http://h/v1/things?limit=2&q=a') }
const page = (rows: number[]) =>
  toPage(list, { rows, limit: 2, position: (row) => [String(row)], item: (row) => row })

test('a page cuts the extra row and links to the next one', async () => {
  const { body, headers } = await page([1, 2, 3])
  expect(body.items).toEqual([1, 2])
  expect(await cursors.read('scope', body.next_cursor ?? '', shape)).toEqual(['2'])
  expect(headers.Link).toMatch(/^<\/v1\/things\?limit=2&q=a&cursor=[^>]+>; rel="next"$/)
})

test('the last page has no cursor and no link', async () => {
  expect(await page([1, 2])).toEqual({ body: { items: [1, 2], next_cursor: null }, headers: {} })
})
