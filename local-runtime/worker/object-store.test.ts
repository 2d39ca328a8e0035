import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createApp } from '../../functions/documents/index.ts'
import { createApp as createHealth } from '../../functions/health/index.ts'
import { longPdf } from '../../test/fixtures/pdf.ts'
import { testDatabase } from '../../test/harness/database.ts'
import type { UploadedDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { type FakeS3, startFakeS3 } from '../../test/harness/s3.ts'
import { setup } from '../../test/harness/setup.ts'
import { openS3Storage } from '../storage-s3.ts'
import { sweepUnnamedFiles } from './unnamed-files.ts'

const workerProgram = new URL('../worker.ts', import.meta.url).pathname

async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'octavo-home-'))
  onTestFinished(() => rm(home, { recursive: true, force: true }))
  return home
}

/** The functions, storing in an object store of this test. */
async function withStore() {
  const [s3, home] = [await startFakeS3(), await newHome()]
  onTestFinished(() => s3.stop())
  const storage = openS3Storage({ ...s3.options, spool: join(home, 'storage', 'unfinished') })
  return { s3, home, ...(await setup(createApp, { deps: { storage } })), storage }
}

/** The real worker, told of the object store by its environment. */
async function startWorker(home: string, { options }: FakeS3): Promise<void> {
  const { url } = await testDatabase()
  const worker = spawn(process.execPath, [workerProgram], {
    env: {
      PATH: process.env.PATH,
      OCTAVO_HOME: home,
      OCTAVO_PORT: '21877',
      OCTAVO_SECRET: '07'.repeat(32),
      DATABASE_URL: url,
      REDIS_PASSWORD: 'none',
      S3_ENDPOINT: options.endpoint,
      S3_BUCKET: options.bucket,
      S3_REGION: options.region,
      S3_PREFIX: options.prefix,
      S3_ACCESS_KEY_ID: options.accessKeyId,
      S3_SECRET_ACCESS_KEY: options.secretAccessKey,
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  onTestFinished(() => ended(worker))
}

async function ended(worker: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => worker.once('exit', resolve))
  if (worker.exitCode === null && worker.kill('SIGKILL')) await exited
}

test('a document lives in an object store: uploaded, read by the worker, sent in part, and gone', {
  timeout: 60_000,
}, async () => {
  const { s3, home, post, get, del } = await withStore()
  await startWorker(home, s3)
  const bytes = longPdf(3, 20)
  const { id } = await bodyOf<UploadedDocument>(await post('/v1/documents', bytes))
  expect([...s3.bucket.objects.keys()]).toEqual([expect.stringMatching(/^files\//)])
  await eventually('the worker has read it', async () => {
    const { status } = await bodyOf<UploadedDocument>(await get(`/v1/documents/${id}`))
    return status === 'completed'
  })
  const part = await get(`/v1/documents/${id}/content`, { headers: { Range: 'bytes=5-9' } })
  expect([part.status, Buffer.from(await part.bytes())]).toEqual([
    206,
    Buffer.from(bytes.subarray(5, 10)),
  ])
  const version = (await get(`/v1/documents/${id}`)).headers.get('etag') ?? ''
  const gone = await del(`/v1/documents/${id}`, { headers: { 'If-Match': version } })
  expect(gone.status).toBe(204)
  await eventually('its object is gone', async () => s3.bucket.objects.size === 0)
  expect(s3.refused).toEqual([])
})

test('files that no row names go from an object store too', async () => {
  const { s3, storage, deps, tenant, post } = await withStore()
  await post('/v1/documents', 'a document')
  const [kept] = s3.bucket.objects.keys()
  await storage.put(tenant.id, new Blob(['left by a killed process']).stream(), 100)
  const tomorrow = () => new Date(Date.now() + 25 * 3_600_000)
  const { signal } = new AbortController()
  await sweepUnnamedFiles({ ...deps, now: tomorrow, signal })
  expect([...s3.bucket.objects.keys()]).toEqual([kept])
})

test('while the store is away, uploads, downloads and readiness are 503, and nobody learns where it is', async () => {
  const { s3, storage, logLines, post, get } = await withStore()
  const { id } = await bodyOf<UploadedDocument>(await post('/v1/documents', 'a document'))
  const health = await setup(createHealth, { deps: { storage } })
  expect((await health.get('/readyz', { as: 'nobody' })).status).toBe(200)
  await s3.stop()
  const replies = [
    await post('/v1/documents', 'another document'),
    await get(`/v1/documents/${id}/content`),
    await health.get('/readyz', { as: 'nobody' }),
    await health.get('/v1/health', { as: 'nobody' }),
  ]
  for (const reply of replies) {
    expect(reply.status).toBe(503)
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0)
    const text = await reply.text()
    expect(JSON.parse(text)).toMatchObject({ code: 'unavailable' })
    expect(text).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|AKIA|test-bucket/)
  }
  const told = [...logLines, ...health.logLines].map(({ message, fields, err }) => {
    const causes = []
    for (let at: unknown = err; at instanceof Error; at = at.cause) causes.push(at.stack)
    return JSON.stringify([message, fields, causes])
  })
  expect(told.join('\n')).toContain('did not answer (ECONNREFUSED)')
  expect(told.join('\n')).not.toMatch(/127\.0\.0\.1:\d|AKIA|test-bucket/)
})
