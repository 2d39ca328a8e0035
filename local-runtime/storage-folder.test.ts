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
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import {
  body,
  objectsIn,
  read,
  type Stored,
  storageContract,
  tenantId,
} from './storage-contract.fixture.ts'
import { openFolderStorage } from './storage-folder.ts'

const folders: string[] = []

function newStorage() {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-storage-'))
  folders.push(folder)
  return { folder, storage: openFolderStorage(folder) }
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function newStored(): Promise<Stored> {
  const { folder, storage } = newStorage()
  const plant = (path: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), 'x')
  }
  const lying = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const away = () => {
    plant('file')
    return openFolderStorage(join(folder, 'file', 'below'))
  }
  return { storage, spool: join(folder, 'unfinished'), lying, plant, away }
}

storageContract(newStored)

test('the listing tells when a file was written', async () => {
  const { folder, storage } = newStorage()
  const { storageKey } = await storage.put(tenantId, body('some bytes'), 100)
  const longAgo = new Date('2026-01-02T03:04:05Z')
  utimesSync(join(folder, storageKey), longAgo, longAgo)
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
