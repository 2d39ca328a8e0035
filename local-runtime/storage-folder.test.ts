import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { afterEach, expect, test } from 'vitest'
import type { Storage } from '../functions/_shared/ports/storage.ts'
import { openFolderStorage } from './storage-folder.ts'

const tenantId = '0199a1c2-77aa-7aaa-8aaa-000000000001'
const folders: string[] = []

function newStorage() {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-storage-'))
  folders.push(folder)
  return { folder, storage: openFolderStorage(folder) }
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const body = (...pieces: string[]) => new Blob(pieces).stream() as ReadableStream<Uint8Array>
const read = async (stream: ReadableStream<Uint8Array> | null) =>
  stream === null ? null : text(stream as NodeReadableStream)

async function objectsIn(storage: Storage) {
  const objects = []
  for await (const object of storage.list()) objects.push(object)
  return objects
}

test('what was stored comes back, whole or in part, with the SHA-256 of its bytes', async () => {
  const { storage } = newStorage()
  const { storageKey, sha256, bytes } = await storage.put(tenantId, body('some ', 'bytes'), 100)
  expect(bytes).toBe(10)
  expect(Buffer.from(sha256)).toEqual(createHash('sha256').update('some bytes').digest())
  expect(await read(await storage.get(storageKey))).toBe('some bytes')
  expect(await read(await storage.get(storageKey, { start: 5, endInclusive: 8 }))).toBe('byte')
})

test('the same bytes stored twice are two objects: deleting one leaves the other', async () => {
  const { storage } = newStorage()
  const first = await storage.put(tenantId, body('same'), 100)
  const second = await storage.put(tenantId, body('same'), 100)
  await storage.delete(first.storageKey)
  await storage.delete(first.storageKey)
  expect(await storage.get(first.storageKey)).toBeNull()
  expect(await read(await storage.get(second.storageKey))).toBe('same')
})

test('a body that is too large or breaks off leaves nothing behind', async () => {
  const { folder, storage } = newStorage()
  const tooLarge = storage.put(tenantId, body('123', '45'), 4)
  await expect(tooLarge).rejects.toMatchObject({ code: 'payload_too_large' })
  const broken = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(3))
      controller.error(new Error('the caller went away'))
    },
  })
  await expect(storage.put(tenantId, broken, 100)).rejects.toThrow('the caller went away')
  expect(readdirSync(join(folder, 'unfinished'))).toEqual([])
  expect(existsSync(join(folder, tenantId))).toBe(false)
})

test('what a killed process left unfinished is removed, and what is still written stays', async () => {
  const { folder, storage } = newStorage()
  mkdirSync(join(folder, 'unfinished'))
  for (const name of ['abandoned', 'alive']) writeFileSync(join(folder, 'unfinished', name), 'x')
  const longAgo = new Date(Date.now() - 2 * 3_600_000)
  utimesSync(join(folder, 'unfinished', 'abandoned'), longAgo, longAgo)
  await storage.put(tenantId, body('some bytes'), 100)
  expect(readdirSync(join(folder, 'unfinished'))).toEqual(['alive'])
})

test('the listing names each stored object as it was put, those of a tenant together', async () => {
  const { folder, storage } = newStorage()
  expect(await objectsIn(storage)).toEqual([])
  const otherId = '0199a1c2-77aa-7aaa-8aaa-000000000002'
  const puts = []
  for (const tenant of [tenantId, otherId, tenantId])
    puts.push({ ...(await storage.put(tenant, body('some bytes'), 100)), tenantId: tenant })
  mkdirSync(join(folder, 'unfinished'), { recursive: true })
  for (const path of ['stray', 'unfinished/upload', `${tenantId}/stray`])
    writeFileSync(join(folder, path), 'x')
  const objects = await objectsIn(storage)
  const byKey = (a: { storageKey: string }, b: { storageKey: string }) =>
    a.storageKey < b.storageKey ? -1 : 1
  const modifiedAt = expect.any(Date)
  expect(objects.toSorted(byKey)).toEqual(
    puts.toSorted(byKey).map((put) => ({ ...put, modifiedAt })),
  )
  const tenants = objects.map((object) => object.tenantId)
  expect(tenants.filter((tenant, index) => tenant !== tenants[index - 1])).toHaveLength(2)
  const [first] = objects
  const longAgo = new Date('2026-01-02T03:04:05Z')
  utimesSync(join(folder, first?.storageKey ?? ''), longAgo, longAgo)
  expect((await objectsIn(storage))[0]?.modifiedAt).toEqual(longAgo)
})

test('a folder goes with its last object, and an empty one when the listing passes', async () => {
  const { folder, storage } = newStorage()
  const { storageKey } = await storage.put(tenantId, body('some bytes'), 100)
  await storage.delete(storageKey)
  expect(existsSync(join(folder, tenantId))).toBe(false)
  mkdirSync(join(folder, tenantId, 'ab'), { recursive: true })
  await objectsIn(storage)
  expect(existsSync(join(folder, tenantId))).toBe(false)
})

test('an upload is stored also while its folder is being removed as empty', async () => {
  const { storage } = newStorage()
  const putAndDelete = async () => {
    for (let round = 0; round < 50; round += 1) {
      const { storageKey } = await storage.put(tenantId, body('same'), 100)
      expect(await read(await storage.get(storageKey))).toBe('same')
      await storage.delete(storageKey)
    }
  }
  await Promise.all(Array.from({ length: 8 }, putAndDelete))
})

test('a key that is none reads and deletes nothing, wherever it points', async () => {
  const { folder, storage } = newStorage()
  for (const key of ['../../etc/passwd', '/etc/passwd', `${tenantId}/../x`, '']) {
    expect(await storage.get(key)).toBeNull()
    await storage.delete(key)
  }
  expect(existsSync(folder)).toBe(true)
})

test('a place that cannot be written makes storage unavailable', async () => {
  const { folder, storage: sound } = newStorage()
  await expect(sound.check()).resolves.toBeUndefined()
  writeFileSync(join(folder, 'file'), '')
  const storage = openFolderStorage(join(folder, 'file', 'below'))
  await expect(storage.check()).rejects.toThrow()
  const stored = storage.put(tenantId, body('some bytes'), 100)
  await expect(stored).rejects.toMatchObject({ code: 'unavailable' })
})
