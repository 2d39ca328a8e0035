import { expect, test } from 'vitest'
import { createApp } from '../../functions/documents/index.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { sweepUnnamedFiles } from './unnamed-files.ts'

const hourMs = 3_600_000

async function withFiles() {
  const bundle = await setup(createApp)
  const { deps, storage, tenant, clock, post, get, logLines } = bundle
  const upload = async (text: string) =>
    bodyOf<{ id: string; storage_key: string }>(await post('/v1/documents', text))
  /** A file as an upload leaves it that is killed before its commit. */
  const leave = async (text: string, tenantId = tenant.id) =>
    (await storage.put(tenantId, new Blob([text]).stream(), 100)).storageKey
  const sweep = async (stored = storage) => {
    const signal = new AbortController().signal
    await sweepUnnamedFiles({ ...deps, storage: stored, signal })
    return logLines.filter(({ message }) => /tored file/.test(message))
  }
  const content = async (id: string) => (await get(`/v1/documents/${id}/content`)).text()
  return {
    ...bundle,
    upload,
    leave,
    sweep,
    content,
    afterHours: (h: number) => clock.advance(h * hourMs),
  }
}

test('a file that no row names goes after a day, also beside a document of the same bytes', async () => {
  const { storage, upload, leave, sweep, content, afterHours } = await withFiles()
  const document = await upload('same bytes')
  const orphan = await leave('same bytes')
  await leave('other bytes')
  afterHours(23)
  await sweep()
  expect(storage.objects.size).toBe(3)
  afterHours(2)
  const lines = await sweep()
  expect([...storage.objects.keys()]).toEqual([document.storage_key])
  expect(orphan).not.toBe(document.storage_key)
  expect(await content(document.id)).toBe('same bytes')
  const fields = { seen: 3, removed: 2, removed_bytes: 21, of_unknown_tenants: 0 }
  expect(lines.at(-1)).toMatchObject({ level: 'info', fields })
})

test('an upload of the same bytes keeps its file, committed or on its way, when an old one goes', async () => {
  const { storage, upload, leave, sweep, content, afterHours } = await withFiles()
  const orphan = await leave('same bytes')
  afterHours(25)
  const underWay = await leave('same bytes')
  const document = await upload('same bytes')
  await sweep()
  const left = [underWay, document.storage_key].sort()
  expect([...storage.objects.keys()].sort()).toEqual(left)
  expect(left).not.toContain(orphan)
  expect(await content(document.id)).toBe('same bytes')
})

test('files of a tenant that the database does not know stay, and are told of', async () => {
  const { storage, leave, sweep, afterHours } = await withFiles()
  const unknown = '0199a1c2-77aa-7aaa-8aaa-000000000001'
  const kept = await leave('of another database', unknown)
  await leave('of this one')
  afterHours(25)
  const lines = await sweep()
  expect([...storage.objects.keys()]).toEqual([kept])
  const fields = { removed: 1, of_unknown_tenants: 1 }
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'warn', fields: expect.objectContaining(fields) }),
  )
})

test('each tenant is asked about its own files, however many there are', async () => {
  const { storage, tenant, otherTenant, upload, leave, sweep, afterHours } = await withFiles()
  const document = await upload('the one that stays')
  for (const { id } of [tenant, otherTenant])
    for (let n = 0; n < 501; n += 1) await leave(`file ${n}`, id)
  await leave('the one that stays', otherTenant.id)
  afterHours(25)
  await sweep()
  expect([...storage.objects.keys()]).toEqual([document.storage_key])
})

test('a file that cannot be removed is told of and does not keep the others', async () => {
  const { storage, leave, sweep, afterHours } = await withFiles()
  const stuck = await leave('stuck')
  await leave('loose')
  afterHours(25)
  const lines = await sweep({
    ...storage,
    delete: (key) => (key === stuck ? Promise.reject(new Error('EACCES')) : storage.delete(key)),
  })
  expect([...storage.objects.keys()]).toEqual([stuck])
  expect(lines).toContainEqual(expect.objectContaining({ fields: { storage_key: stuck } }))
})
