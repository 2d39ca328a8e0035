import { randomUUID } from 'node:crypto'
import { opendir, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { ListedObject } from '../functions/_shared/ports/storage.ts'

/** `<tenant>/<first byte of SHA-256>/<SHA-256>-<unique>` */
export const keyPattern = /^([0-9a-f-]{36})\/[0-9a-f]{2}\/([0-9a-f]{64})-[0-9a-f-]{36}$/
const tenantPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/** A key that no other object has. */
export function storageKeyOf(tenantId: string, digest: Buffer): string {
  const hex = digest.toString('hex')
  return `${tenantId}/${hex.slice(0, 2)}/${hex}-${randomUUID()}`
}

/** What the key of a stored object tells; `null` for every other text. */
export function readStorageKey(text: string): { tenantId: string; sha256: Uint8Array } | null {
  const [, tenantId, hex] = keyPattern.exec(text) ?? []
  if (tenantId === undefined || hex === undefined) return null
  return { tenantId, sha256: new Uint8Array(Buffer.from(hex, 'hex')) }
}

/** Every file with the name of a stored object. Folders that killed processes left empty go on the way. */
export async function* listFiles(folder: string): AsyncGenerator<ListedObject> {
  for await (const tenant of namesIn(folder)) {
    if (!tenantPattern.test(tenant)) continue // what is unfinished, and what is not ours
    for await (const group of namesIn(join(folder, tenant))) {
      const path = join(folder, tenant, group)
      for await (const name of namesIn(path)) {
        const file = await listed(folder, `${tenant}/${group}/${name}`)
        if (file) yield file
      }
      await removeWhenEmpty(path)
    }
    await removeWhenEmpty(join(folder, tenant))
  }
}

async function listed(folder: string, storageKey: string): Promise<ListedObject | null> {
  const told = readStorageKey(storageKey)
  if (told === null) return null
  const found = await stat(join(folder, storageKey)).catch(nullWhenGone)
  if (!found?.isFile()) return null
  return { storageKey, ...told, bytes: found.size, modifiedAt: found.mtime }
}

async function* namesIn(folder: string): AsyncGenerator<string> {
  const entries = await opendir(folder).catch(nullWhenGone)
  if (entries) for await (const { name } of entries) yield name
}

/** @returns whether it went; a file, a folder in use and one that is not there stay as they are */
export const removeWhenEmpty = (folder: string): Promise<boolean> =>
  rmdir(folder).then(
    () => true,
    () => false,
  )

function nullWhenGone(err: NodeJS.ErrnoException): null {
  if (err.code === 'ENOENT' || err.code === 'ENOTDIR') return null
  throw err
}
