import { expect, test } from 'vitest'
import { wordsInside } from '../../domain/annotations/region-text.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

// Typed by the harness: a character is 0.01 wide, a line 0.02 high.
const page = 'Invoice number R-42\nTotal 12.50 EUR\nThanks'

async function textOf(box: number[]) {
  const { db, tenant, post, get } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: [page] })
  const region = { document_id: documentId, page: 1, box, label_name: 'any' }
  const { id } = await bodyOf<{ id: string }>(await post('/', region))
  const reply = await get(`/${id}/text`)
  expect(reply.status).toBe(200)
  return bodyOf<{ text: string; words: { text: string; box: number[] }[] }>(reply)
}

test.each([
  ['a word', [0.15, 0, 0.05, 0.02], 'R-42'],
  ['a line', [0, 0.02, 1, 0.02], 'Total 12.50 EUR'],
  ['lines', [0, 0, 1, 1], page],
  ['a column over lines', [0, 0, 0.08, 0.045], 'Invoice\nTotal'],
  ['nothing', [0.5, 0.5, 0.1, 0.1], ''],
])('a region around %s has its text', async (_, box, text) => {
  expect((await textOf(box)).text).toBe(text)
})

test('the words of a region come with their boxes', async () => {
  const { words } = await textOf([0.06, 0.02, 0.05, 0.02])
  expect(words.map(({ text }) => text)).toEqual(['12.50'])
  for (const [side, expected] of [0.06, 0.02, 0.05, 0.02].entries())
    expect(words[0]?.box[side]).toBeCloseTo(expected, 5)
})

test('a turned region takes the words that it covers on the page, whose sides differ', () => {
  const word = (x: number, y: number) => ({
    ...{ start: 0, length: 1 },
    box: [x, y, 0.01, 0.01] as [number, number, number, number],
  })
  const words = [word(0.495, 0.3), word(0.495, 0.69), word(0.3, 0.495), word(0.69, 0.495)]
  const region = { box: [0.25, 0.45, 0.5, 0.1], rotation: 90 } as const
  const square = { ...region, pageWidth: 1, pageHeight: 1 }
  expect(wordsInside(words, square)).toEqual(words.slice(0, 2))
  // On a page twice as high as wide the same turn reaches half as far down.
  expect(wordsInside(words, { ...square, pageHeight: 2 })).toEqual([])
  expect(wordsInside(words, { ...square, rotation: 0 })).toEqual(words.slice(2))
})

test('a page that has not been read has no text yet, and a deleted region none', async () => {
  const { post, get, del, db, tenant } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: [''] })
  const region = { document_id: documentId, page: 1, box: [0, 0, 1, 1], label_name: 'any' }
  const { id } = await bodyOf<{ id: string }>(await post('/', region))
  expect(await bodyOf(await get(`/${id}/text`))).toEqual({ text: '', words: [] })
  await del(`/${id}`)
  expect((await get(`/${id}/text`)).status).toBe(404)
})
