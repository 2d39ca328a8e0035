import { expect, test } from 'vitest'
import { setTags } from '../../domain/documents/tags.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Found = { items: { document_id: string }[]; next_cursor: string | null }

async function filtering() {
  const bundle = await setup(createApp)
  const { db, clock, tenant, get } = bundle
  const add = async (text: string, ...names: string[]) => {
    const owner = { tenantId: tenant.id, userId: tenant.admin.id }
    const { id: documentId } = await addDocument(db, { ...owner, pages: [text] })
    await db.transaction((tx) => setTags(tx, { tenantId: tenant.id, documentId, names }))
    return documentId
  }
  const move = (id: string, isTrashed: boolean) =>
    db.transaction((tx) =>
      moveDocument(tx, { tenantId: tenant.id, id, isTrashed, at: clock.now() }),
    )
  const find = async (query: string) => bodyOf<Found>(await get(`/v1/search?${query}`))
  const ids = async (query: string) => (await find(query)).items.map((hit) => hit.document_id)
  return { ...bundle, add, move, find, ids }
}

test('pages of documents in the trash are no hits, and are again after a restore', async () => {
  const { add, move, ids } = await filtering()
  const [kept, gone] = [await add('contract of lease'), await add('contract of sale')]
  await move(gone, true)
  expect(await ids('q=contract')).toEqual([kept])
  // They take no place of a hit either.
  expect(await ids('q=contract&limit=1')).toEqual([kept])
  expect(await ids(`q=contract&document_id=${gone}`)).toEqual([])
  await move(gone, false)
  expect((await ids('q=contract')).sort()).toEqual([kept, gone].sort())
})

test('a page whose document goes into the trash between two pages of hits is left out', async () => {
  const { add, move, find, ids } = await filtering()
  const all = [await add('same words'), await add('same words'), await add('same words')]
  const first = await find('q=same&limit=1')
  const left = all.filter((id) => id !== first.items[0]?.document_id)
  const [gone = '', kept] = left
  await move(gone, true)
  expect(await ids(`q=same&limit=10&cursor=${first.next_cursor}`)).toEqual([kept])
})

test('hits are those of documents that have all tags asked for, in any case', async () => {
  const { add, ids } = await filtering()
  const both = await add('invoice one', 'Paid', 'Größe')
  const one = await add('invoice two', 'paid')
  await add('invoice three')
  await add('letter', 'paid')
  expect((await ids('q=invoice&tag=PAID')).sort()).toEqual([both, one].sort())
  const decomposed = encodeURIComponent('GRO\u0308ßE')
  expect(await ids(`q=invoice&tag=paid&tag=${decomposed}`)).toEqual([both])
  expect(await ids('q=invoice&tag=paid&tag=none')).toEqual([])
})

test('a cursor fits no other tags', async () => {
  const { add, find, get } = await filtering()
  for (const text of ['same', 'same']) await add(text, 'a', 'b')
  const { next_cursor } = await find('q=same&tag=a&limit=1')
  const other = await get(`/v1/search?q=same&tag=b&limit=1&cursor=${next_cursor}`)
  expect(other.status).toBe(400)
})
