import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotationImports, documents } from '../../db/schema/index.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { coco, formats, importing } from '../../test/fixtures/importing.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test.each(formats)('what was deleted since comes back with a file of %s, once', async (format) => {
  const { add, post, del, get, bring, take, list } = await importing()
  const here = await add('here.pdf', ['a', 'b'])
  for (const page of [1, 2])
    await post('/', { document_id: here, page, box: [0.1, 0.2, 0.3, 0.4], label_name: 'total' })
  const [first, second] = await list(here)
  await post(`/${first?.id}/validate`, { validation: 'valid' })
  const file = await take(format, [here])
  for (const one of [first, second]) await del(`/${one?.id}`)
  expect(await bring(`format=${format}`, file)).toMatchObject({ created: 0, restored: 2 })
  const back = await list(here)
  expect(back.map(({ id }) => id)).toEqual([first?.id, second?.id])
  expect(back).toMatchObject([
    { validation: 'valid', version: 4 },
    { page: 2, version: 3 },
  ])
  const { items } = await bodyOf<{ items: { change: string; content: object }[] }>(
    await get(`/${second?.id}/versions`),
  )
  expect(items.map(({ change }) => change)).toEqual(['restore', 'delete', 'create'])
  expect(Object.keys(items[0]?.content ?? {})).toEqual(Object.keys(items[2]?.content ?? {}))
  expect(await bring(`format=${format}`, file)).toMatchObject({ restored: 0, existing: 2 })
})

test('a region comes back to a page that its document no longer has', async () => {
  const { db, tenant, add, post, del, bring, take, list } = await importing()
  const here = await add('here.pdf', ['a', 'b'])
  await post('/', { document_id: here, page: 2, box: [0, 0, 1, 1], label_name: 'total' })
  const file = await take('json', [here])
  const [one] = await list(here)
  await del(`/${one?.id}`)
  const mine = and(eq(documents.tenantId, tenant.id), eq(documents.id, here))
  await db.update(documents).set({ pageCount: 1, pagesDone: 1 }).where(mine)
  expect(await bring('format=json', file)).toMatchObject({ restored: 1 })
})

test('what a file says of itself goes with the last document that it was brought to', async () => {
  const { db, tenant, add, bring } = await importing()
  const mine = eq(annotationImports.tenantId, tenant.id)
  const ids = [await add('a.png'), await add('b.png')]
  await bring('format=coco', coco('a.png', 'b.png'))
  await bring('format=coco', coco('a.png'))
  expect(await db.$count(annotationImports, mine)).toBe(2)
  await bring('format=coco', coco('b.png'))
  expect(await db.$count(annotationImports, mine)).toBe(2)
  await Promise.all(
    ids.map((documentId) =>
      db.transaction((tx) =>
        removeDocument(tx, { tenantId: tenant.id, documentId, requestId: null, versions: null }),
      ),
    ),
  )
  expect(await db.$count(annotationImports, mine)).toBe(0)
})
