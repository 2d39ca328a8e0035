import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { expect, test } from 'vitest'
import type { Storage } from '../functions/_shared/ports/storage.ts'

export const tenantId = '0199a1c2-77aa-7aaa-8aaa-000000000001'
const otherId = '0199a1c2-77aa-7aaa-8aaa-000000000002'

/** One adapter over a place of its own. */
export type Stored = {
  storage: Storage
  /** Folder where bodies lie while they are written. */
  spool: string
  /** Paths of everything that lies there under some name, finished or not. */
  lying(): string[]
  /** Puts something there that is none of ours. */
  plant(path: string): void
  /** The same adapter, over a place that cannot be reached. */
  away(): Storage
}

export const body = (...pieces: string[]) => new Blob(pieces).stream() as ReadableStream<Uint8Array>
export const read = async (stream: ReadableStream<Uint8Array> | null) =>
  stream === null ? null : text(stream as NodeReadableStream)

export async function objectsIn(storage: Storage) {
  const objects = []
  for await (const object of storage.list()) objects.push(object)
  return objects
}

/** What every adapter promises, as tests of the file that calls this. */
export function storageContract(newStored: () => Promise<Stored>): void {
  readingContract(newStored)
  writingContract(newStored)
  failingContract(newStored)
}

function readingContract(newStored: () => Promise<Stored>): void {
  test('what was stored comes back, whole or in part, with the SHA-256 of its bytes', async () => {
    const { storage } = await newStored()
    const { storageKey, sha256, bytes } = await storage.put(tenantId, body('some ', 'bytes'), 100)
    expect(bytes).toBe(10)
    expect(Buffer.from(sha256)).toEqual(createHash('sha256').update('some bytes').digest())
    const part = async (start: number, endInclusive: number) =>
      read(await storage.get(storageKey, { start, endInclusive }))
    expect(await read(await storage.get(storageKey))).toBe('some bytes')
    expect([await part(5, 8), await part(0, 0), await part(9, 99)]).toEqual(['byte', 's', 's'])
    expect(await part(10, 12)).toBe('')
    const empty = await storage.put(tenantId, body(), 100)
    expect(await read(await storage.get(empty.storageKey))).toBe('')
  })

  test('the listing names each stored object as it was put, those of a tenant together', async () => {
    const { storage, plant } = await newStored()
    expect(await objectsIn(storage)).toEqual([])
    const startMs = Date.now() - 1_000
    const puts = []
    for (const tenant of [tenantId, otherId, tenantId, otherId, tenantId])
      puts.push({ ...(await storage.put(tenant, body('some bytes'), 100)), tenantId: tenant })
    for (const path of ['stray', `${tenantId}/stray`, `${tenantId}/ab/a b&c`]) plant(path)
    const objects = await objectsIn(storage)
    const byKey = (a: { storageKey: string }, b: { storageKey: string }) =>
      a.storageKey < b.storageKey ? -1 : 1
    expect(objects.toSorted(byKey)).toEqual(
      puts.toSorted(byKey).map((put) => ({ ...put, modifiedAt: expect.any(Date) })),
    )
    const tenants = objects.map((object) => object.tenantId)
    expect(tenants.filter((tenant, index) => tenant !== tenants[index - 1])).toHaveLength(2)
    for (const { modifiedAt } of objects) expect(modifiedAt.getTime()).toBeGreaterThan(startMs)
  })

  test('a key that is none reads and deletes nothing, wherever it points', async () => {
    const { storage, plant, lying } = await newStored()
    plant('stray')
    for (const key of ['../../etc/passwd', '/etc/passwd', `${tenantId}/../stray`, 'stray', '']) {
      expect(await storage.get(key)).toBeNull()
      await storage.delete(key)
    }
    expect(lying()).toEqual(['stray'])
  })

  test('an object that is deleted while it is read is read to its end', async () => {
    const { storage } = await newStored()
    const { storageKey } = await storage.put(tenantId, body('some bytes'), 100)
    const stream = await storage.get(storageKey)
    await storage.delete(storageKey)
    expect(await read(stream)).toBe('some bytes')
    expect(await storage.get(storageKey)).toBeNull()
  })
}

function writingContract(newStored: () => Promise<Stored>): void {
  test('the same bytes stored twice are two objects: deleting one leaves the other', async () => {
    const { storage } = await newStored()
    const first = await storage.put(tenantId, body('same'), 100)
    const second = await storage.put(tenantId, body('same'), 100)
    await storage.delete(first.storageKey)
    await storage.delete(first.storageKey)
    expect(await storage.get(first.storageKey)).toBeNull()
    expect(await read(await storage.get(second.storageKey))).toBe('same')
  })

  test('nothing is there under a key before the whole body has come', async () => {
    const { storage, spool } = await newStored()
    const pipe = new TransformStream<Uint8Array, Uint8Array>()
    const writer = pipe.writable.getWriter()
    const putting = storage.put(tenantId, pipe.readable, 100)
    await writer.write(Buffer.from('some '))
    expect(await objectsIn(storage)).toEqual([])
    await writer.write(Buffer.from('bytes'))
    await writer.close()
    const { storageKey } = await putting
    expect((await objectsIn(storage)).map((object) => object.storageKey)).toEqual([storageKey])
    expect(readdirSync(spool)).toEqual([])
  })

  test('many store, read and delete at once, and each reads its own', async () => {
    const { storage, lying } = await newStored()
    const putAndDelete = async (_: unknown, index: number) => {
      for (let round = 0; round < 10; round += 1) {
        const { storageKey } = await storage.put(tenantId, body(`of ${index % 2}`), 100)
        expect(await read(await storage.get(storageKey))).toBe(`of ${index % 2}`)
        await storage.delete(storageKey)
      }
    }
    await Promise.all(Array.from({ length: 8 }, putAndDelete))
    expect(lying()).toEqual([])
  })
}

function failingContract(newStored: () => Promise<Stored>): void {
  test('a body that is too large or breaks off leaves nothing behind', async () => {
    const { storage, spool, lying } = await newStored()
    const tooLarge = storage.put(tenantId, body('123', '45'), 4)
    await expect(tooLarge).rejects.toMatchObject({ code: 'payload_too_large' })
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(3))
        controller.error(new Error('the caller went away'))
      },
    })
    await expect(storage.put(tenantId, broken, 100)).rejects.toThrow('the caller went away')
    expect([lying(), readdirSync(spool)]).toEqual([[], []])
  })

  test('what a killed process left unfinished is removed, and what is still written stays', async () => {
    const { storage, spool } = await newStored()
    mkdirSync(spool, { recursive: true })
    for (const name of ['abandoned', 'alive']) writeFileSync(join(spool, name), 'x')
    const longAgo = new Date(Date.now() - 2 * 3_600_000)
    utimesSync(join(spool, 'abandoned'), longAgo, longAgo)
    await storage.put(tenantId, body('some bytes'), 100)
    expect(readdirSync(spool)).toEqual(['alive'])
  })

  test('a place that cannot be reached makes storage unavailable', async () => {
    const { storage: sound, away } = await newStored()
    await expect(sound.check()).resolves.toBeUndefined()
    const storage = away()
    await expect(storage.check()).rejects.toThrow()
    const stored = storage.put(tenantId, body('some bytes'), 100)
    await expect(stored).rejects.toMatchObject({ code: 'unavailable' })
  })
}
