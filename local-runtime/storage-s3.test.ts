import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { eventually } from '../test/harness/eventually.ts'
import { type FakeS3, type S3Fault, startFakeS3 } from '../test/harness/s3.ts'
import {
  body,
  objectsIn,
  read,
  type Stored,
  storageContract,
  tenantId,
} from './storage-contract.fixture.ts'
import { openS3Storage } from './storage-s3.ts'
import { urlOf } from './storage-s3-client.ts'

const mebibyte = 1024 ** 2
const cleanups: (() => unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

async function newStore() {
  const s3 = await startFakeS3()
  const folder = mkdtempSync(join(tmpdir(), 'octavo-spool-'))
  cleanups.push(s3.stop, () => rmSync(folder, { recursive: true, force: true }))
  const spool = join(folder, 'unfinished')
  const open = (options: Partial<FakeS3['options']> = {}) =>
    openS3Storage({ ...s3.options, spool, ...options })
  return { s3, spool, open, storage: open() }
}

const large = (bytes: number) => {
  const piece = randomBytes(mebibyte)
  let left = bytes
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (left === 0) return controller.close()
      const next = piece.subarray(0, Math.min(left, mebibyte))
      left -= next.length
      controller.enqueue(new Uint8Array(next))
    },
  })
}

storageContract(async (): Promise<Stored> => {
  const { s3, spool, open, storage } = await newStore()
  const { objects, uploads } = s3.bucket
  const lying = () => [
    ...[...objects.keys()].map((key) => key.slice(s3.options.prefix.length)),
    ...uploads.keys(),
  ]
  const plant = (path: string) => {
    objects.set(`${s3.options.prefix}${path}`, { bytes: Buffer.from('x'), modifiedAt: new Date() })
  }
  // A port that nothing listens at.
  return { storage, spool, lying, plant, away: () => open({ endpoint: 'http://127.0.0.1:1' }) }
})

test('a large file goes in parts and comes back whole', async () => {
  const { s3, storage } = await newStore()
  const { storageKey, bytes } = await storage.put(tenantId, large(25 * mebibyte), 30 * mebibyte)
  const parts = s3.calls.filter(({ query }) => query.has('partNumber'))
  expect([bytes, parts.length, s3.bucket.uploads.size]).toEqual([25 * mebibyte, 4, 0])
  const range = { start: 9 * mebibyte, endInclusive: 9 * mebibyte + 9 }
  const stored = s3.bucket.objects.get(`${s3.options.prefix}${storageKey}`)?.bytes
  const part = await new Response(await storage.get(storageKey, range)).bytes()
  expect(Buffer.from(part)).toEqual(stored?.subarray(range.start, range.endInclusive + 1))
  expect([stored?.length, s3.refused]).toEqual([25 * mebibyte, []])
})

test('memory stays flat however large the file is', async () => {
  const { s3, storage } = await newStore()
  s3.bucket.forgetsParts = true
  const before = process.memoryUsage().rss
  let peak = before
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss)
  }, 5)
  const stored = storage.put(tenantId, large(300 * mebibyte), 300 * mebibyte)
  await stored.finally(() => clearInterval(watch))
  expect((peak - before) / mebibyte).toBeLessThan(150)
})

test('what fails in passing is tried again, and the upload succeeds', async () => {
  const { s3, storage } = await newStore()
  const waiting: S3Fault[] = [
    { kind: 'refuse', status: 500, code: 'InternalError' },
    { kind: 'cut' },
    { kind: 'refuse', status: 429, code: 'TooManyRequests' },
  ]
  s3.disturb(({ key }) => (key === '' ? null : (waiting.shift() ?? null)))
  const { storageKey } = await storage.put(tenantId, body('some bytes'), 100)
  expect(s3.calls.filter(({ method }) => method === 'PUT')).toHaveLength(4)
  waiting.push({ kind: 'refuse', status: 503, code: 'SlowDown' })
  expect(await read(await storage.get(storageKey))).toBe('some bytes')
})

test('an upload whose parts fail for good is given up, and leaves nothing in store or spool', async () => {
  const { s3, spool, storage } = await newStore()
  s3.disturb(({ query }) =>
    query.get('partNumber') === '2' ? { kind: 'refuse', status: 500, code: 'InternalError' } : null,
  )
  const stored = storage.put(tenantId, large(25 * mebibyte), 30 * mebibyte)
  await expect(stored).rejects.toMatchObject({ code: 'unavailable' })
  expect([s3.bucket.uploads.size, s3.bucket.objects.size, readdirSync(spool)]).toEqual([0, 0, []])
})

test('an answer that was lost on its way does not fail the upload that it told of', async () => {
  const { s3, storage } = await newStore()
  let isLost = false
  s3.disturb(({ method, query }) => {
    if (isLost || method !== 'POST' || !query.has('uploadId')) return null
    isLost = true
    return { kind: 'lose answer' }
  })
  const { storageKey } = await storage.put(tenantId, large(17 * mebibyte), 30 * mebibyte)
  expect((await objectsIn(storage)).map((object) => object.storageKey)).toEqual([storageKey])
})

test('a completion that fails inside a 200 fails the upload', async () => {
  const { s3, storage } = await newStore()
  s3.disturb(({ method, query }) =>
    method === 'POST' && query.has('uploadId')
      ? { kind: 'refuse', status: 200, code: 'InternalError' }
      : null,
  )
  const stored = storage.put(tenantId, large(17 * mebibyte), 30 * mebibyte)
  await expect(stored).rejects.toMatchObject({ code: 'unavailable' })
  expect([s3.bucket.uploads.size, s3.bucket.objects.size]).toEqual([0, 0])
})

test('uploads that killed processes left open are ended after an hour, and nobody else’s', async () => {
  const { s3, storage, open } = await newStore()
  const { uploads } = s3.bucket
  s3.bucket.keysAPage = 2
  const { storageKey } = await storage.put(tenantId, body('some bytes'), 100)
  const hourAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)
  const begin = (id: string, key: string, hours: number) =>
    uploads.set(id, { key, begunAt: hourAgo(hours), parts: new Map() })
  for (const id of ['a', 'b', 'c', 'd']) begin(id, `files/${storageKey}`, 2)
  begin('alive', `files/${storageKey}`, 0.9)
  begin('other program', 'files/theirs', 2)
  begin('other prefix', `else/${storageKey}`, 2)
  await open().put(tenantId, body('some bytes'), 100)
  await eventually('abandoned uploads are gone', async () => uploads.size === 3)
  expect([...uploads.keys()]).toEqual(['alive', 'other program', 'other prefix'])
})

test('a download goes on where its connection broke', async () => {
  const { s3, storage } = await newStore()
  const { storageKey } = await storage.put(tenantId, large(3 * mebibyte), 4 * mebibyte)
  let cuts = 0
  s3.disturb(({ method }) => (method === 'GET' && ++cuts <= 2 ? { kind: 'cut body' } : null))
  const stored = s3.bucket.objects.get(`${s3.options.prefix}${storageKey}`)?.bytes
  expect(Buffer.from(await new Response(await storage.get(storageKey)).bytes())).toEqual(stored)
  expect(s3.calls.filter(({ range }) => range !== undefined)).toHaveLength(2)
})

test('the listing goes through all pages of the store', async () => {
  const { s3, storage } = await newStore()
  for (let n = 0; n < 7; n += 1) await storage.put(tenantId, body(`file ${n}`), 100)
  s3.bucket.keysAPage = 3
  expect(await objectsIn(storage)).toHaveLength(7)
  expect(s3.calls.filter(({ query }) => query.has('list-type'))).toHaveLength(3)
})

test('a wrong secret, a wrong region or a bucket that is not there makes storage unavailable', async () => {
  const { s3, open } = await newStore()
  for (const wrong of [{ secretAccessKey: 'other' }, { region: 'else' }, { bucket: 'nobody-s' }]) {
    await expect(open(wrong).check()).rejects.toMatchObject({ code: 'unavailable' })
    const stored = open(wrong).put(tenantId, body('some bytes'), 100)
    await expect(stored).rejects.toMatchObject({ code: 'unavailable' })
  }
  expect(new Set(s3.refused)).toEqual(
    new Set(['SignatureDoesNotMatch', 'AuthorizationHeaderMalformed']),
  )
})

test('no error names the store, the bucket or a credential, whatever went wrong', async () => {
  const { s3, open } = await newStore()
  const { storageKey } = await open().put(tenantId, body('some bytes'), 100)
  const tell = async (work: Promise<unknown>) => {
    const err = await work.then(
      () => null,
      (thrown: unknown) => thrown,
    )
    expect(err).toBeInstanceOf(Error)
    const told: string[] = []
    for (let at = err; at instanceof Error; at = at.cause) told.push(`${at.message} ${at.stack}`)
    expect(told.join('\n')).not.toMatch(/127\.0\.0\.1:\d|test-bucket|AKIA|se\/cret|secret\.example/)
    return told.join('\n')
  }
  expect(await tell(open({ endpoint: 'http://127.0.0.1:1' }).check())).toContain('did not answer')
  expect(await tell(open({ secretAccessKey: 'x' }).get(storageKey))).toContain('403 Signature')
  s3.disturb(() => ({ kind: 'redirect', location: 'http://secret.example/' }))
  expect(await tell(open().get(storageKey))).toContain('307')
  s3.disturb(() => ({ kind: 'hang' }))
  expect(await tell(open().check())).toContain('did not answer (late)')
})

test('a bucket can stand in the name of the host', () => {
  const options = { endpoint: 'https://s3.example.com:9000', bucket: 'ours', prefix: 'a/b/' }
  const signing = { region: 'r', accessKeyId: 'k', secretAccessKey: 's' }
  const urls = [true, false].map((isPathStyle) => {
    const all = { ...options, ...signing, isPathStyle }
    return [urlOf(all, { method: 'GET', key: 'k' }), urlOf(all, { method: 'HEAD' })]
  })
  expect(urls).toEqual([
    ['https://s3.example.com:9000/ours/a/b/k', 'https://s3.example.com:9000/ours'],
    ['https://ours.s3.example.com:9000/a/b/k', 'https://ours.s3.example.com:9000/'],
  ])
})
