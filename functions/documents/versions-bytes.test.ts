import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { DatabaseUnavailable } from '../../db/errors.ts'
import { documents } from '../../db/schema/index.ts'
import { sweepUnnamedFiles } from '../../local-runtime/worker/unnamed-files.ts'
import { pdf, withVersions } from '../../test/fixtures/versions.ts'
import { addMember } from '../../test/harness/members.ts'
import { requestsOf } from '../../test/harness/requests.ts'
import { createApp as createUsers } from '../users/index.ts'
import { createApp } from './index.ts'

test('bytes that a version alone has stay, and go with the document', async () => {
  const { upload, add, of, del, removedKeys, counts, storage } = await withVersions()
  const { id } = await upload('one')
  const keys = [...storage.objects.keys()]
  await add(id, 'two')
  const other = await upload('one')
  expect(other.id).not.toBe(id)
  expect(await counts()).toMatchObject({ blobs: 2, objects: 2 })
  await del(`/v1/documents/${other.id}`)
  expect(await removedKeys()).toEqual([])
  expect(await of(id).content(1)).toBe(pdf('one'))
  await del(`/v1/documents/${id}`)
  expect(await removedKeys()).toEqual([...storage.objects.keys()].sort())
  expect(await removedKeys()).toEqual(expect.arrayContaining(keys))
  expect(await counts()).toMatchObject({ blobs: 0, versions: 0 })
})

test('a document goes while another one has a version of its bytes, which stay', async () => {
  const { upload, add, of, del, removedKeys } = await withVersions()
  const [first, second] = [await upload('one'), await upload('two')]
  await add(second.id, 'one')
  await add(second.id, 'three')
  await del(`/v1/documents/${first.id}`)
  expect(await removedKeys()).toEqual([])
  expect(await of(second.id).content(2)).toBe(pdf('one'))
})

test('documents whose versions have the same bytes keep revisions of their own', async () => {
  const { upload, add, of } = await withVersions()
  const [first, second] = [await upload('one'), await upload('two')]
  await add(second.id, 'one')
  expect(await of(second.id).read()).toMatchObject({ revision: 2 })
  await add(first.id, 'three')
  expect((await upload('one')).id).toBe(second.id)
  expect((await of(first.id).restore(1)).status).toBe(202)
  expect(await of(first.id).read()).toMatchObject({ revision: 3 })
})

test('whatever versions, uploads and deletions of the same bytes meet, every file is there', async () => {
  const { upload, add, of, del, db, tenant } = await withVersions()
  const [first, second] = [await upload('one'), await upload('two')]
  const texts = ['one', 'two', 'three']
  const hold = async (round: number) => {
    const [a, b] = round % 2 === 0 ? [first, second] : [second, first]
    await add(a.id, texts[round % 3] ?? '')
    await add(b.id, texts[(round + 1) % 3] ?? '')
    const { id } = await upload(texts[round % 3] ?? '', '&duplicate=version')
    return del(`/v1/documents/${id}`)
  }
  const replies = await Promise.all(Array.from({ length: 8 }, (_, round) => hold(round)))
  expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(204))
  for (const { id } of [first, second]) {
    const versions = await of(id).versions()
    const numbers = versions.map(({ number }) => number)
    expect(numbers).toEqual(numbers.map((_, index) => numbers.length - index))
    for (const number of numbers) expect(await of(id).content(number)).toMatch(/^%PDF-1.7 /)
  }
  expect(await db.$count(documents, eq(documents.tenantId, tenant.id))).toBe(2)
})

test('what a killed upload of a version left is swept away, and no file of a version is', async () => {
  const { upload, add, of, deps, storage, clock, tenant } = await withVersions()
  const { id } = await upload('one')
  await add(id, 'two')
  const named = [...storage.objects.keys()].sort()
  await storage.put(tenant.id, new Blob([pdf('three')]).stream(), 100)
  clock.advance(25 * 3_600_000)
  await sweepUnnamedFiles({ ...deps, storage, signal: new AbortController().signal })
  expect([...storage.objects.keys()].sort()).toEqual(named)
  expect(await of(id).content(1)).toBe(pdf('one'))
})

test('when the transaction of a version fails, its file goes; when its end is unknown, the file stays', async () => {
  const { upload, deps, tenant, counts, of } = await withVersions()
  const { id } = await upload('one')
  const failing = (err: unknown) => {
    const transaction = () => Promise.reject(err)
    const db = Object.assign(Object.create(deps.db), { transaction })
    return requestsOf(createApp({ ...deps, db }), tenant).post(`/${id}/versions`, pdf('two'))
  }
  expect((await failing(new Error('no room for the rows'))).status).toBe(500)
  expect(await counts()).toEqual({ blobs: 1, versions: 0, objects: 1 })
  expect((await failing(new DatabaseUnavailable('TRANSACTION_LOST', 'lost'))).status).toBe(503)
  expect(await counts()).toEqual({ blobs: 1, versions: 0, objects: 2 })
  expect(await of(id).read()).toMatchObject({ file_version: 1 })
})

test('versions and files stay when their uploader is deleted, and the document changes hands', async () => {
  const { upload, add, of, db, deps, tenant } = await withVersions()
  const editor = await addMember(db, tenant.id, { role: 'editor' })
  const { id } = await upload('one', '', editor.auth)
  await add(id, 'two', { headers: editor.auth })
  const { del } = requestsOf(createUsers(deps), tenant)
  expect((await del(`/${editor.id}?transfer_to=${tenant.admin.id}`)).status).toBe(204)
  expect(await of(id).read()).toMatchObject({ user_id: tenant.admin.id })
  const uploader = { user_id: editor.id }
  expect(await of(id).versions()).toMatchObject([uploader, uploader])
  expect(await of(id).content(1)).toBe(pdf('one'))
})
