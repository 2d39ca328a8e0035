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
