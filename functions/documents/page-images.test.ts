import { and, eq } from 'drizzle-orm'
import sharp from 'sharp'
import { expect, test, vi } from 'vitest'
import { documents, jobs, pageImages } from '../../db/schema/index.ts'
import { leaseJobs, recoverExpiredLeases } from '../../db/system.ts'
import { drawingJobKind } from '../../domain/documents/page-images.ts'
import type { Box } from '../../domain/documents/words.ts'
import { imagePath, keptImages, readDocument } from '../../test/fixtures/page-images.ts'
import { longPdf, makePdf } from '../../test/fixtures/pdf.ts'
import { storeDocument } from '../../test/fixtures/stored-document.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { claimOf } from '../../test/harness/claims.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf, requestsOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

const withWorker = () => startWorker({ createApp })
/** Nobody draws, and nobody waits long for it. */
const withoutWorker = () => setup(createApp, { config: { requestTimeoutMs: 400 } })

const textOf = async (reply: Response | undefined) =>
  Buffer.from((await reply?.bytes()) ?? []).toString('base64')

test('a page comes as a JPEG of the width asked for, with its ink where its words are', async () => {
  const { post, get } = await withWorker()
  const text = [{ x: 60, y: 700, size: 20, text: 'Turn' }]
  const bytes = makePdf([{}, { text, rotate: 90 }])
  const { id } = await bodyOf<{ id: string }>(await post('/v1/documents', bytes))
  await eventually('it is read', async () => {
    const { status } = await bodyOf<{ status: string }>(await get(`/v1/documents/${id}`))
    return status === 'completed'
  })
  const words = await bodyOf<{ items: { box: Box }[] }>(
    await get(`/v1/documents/${id}/pages/2/words`),
  )
  const reply = await get(`/v1/documents/${id}/pages/2/image?width=500`)
  expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'image/jpeg'])
  const jpeg = await reply.bytes()
  expect(Number(reply.headers.get('content-length'))).toBe(jpeg.length)
  const { data, info } = await sharp(jpeg).greyscale().raw().toBuffer({ resolveWithObject: true })
  expect([info.width, info.height]).toEqual([500, 375])
  const [x, y, width, height] = words.items[0]?.box ?? [0, 0, 0, 0]
  const isNear = (at: number, from: number, extent: number, side: number) =>
    at >= Math.floor(from * side) - 2 && at <= Math.ceil((from + extent) * side) + 1
  const dark = [...data.keys()].filter((pixel) => (data[pixel] ?? 255) < 100)
  const outside = dark.filter((pixel) => {
    const [column, row] = [pixel % info.width, Math.floor(pixel / info.width)]
    return !isNear(column, x, width, info.width) || !isNear(row, y, height, info.height)
  })
  expect([dark.length > 20, outside]).toEqual([true, []])
})

test('however many ask at once, of however many processes, a page is drawn once and kept', async () => {
  const world = await withWorker()
  const { deps, tenant } = world
  const document = await readDocument(world, { tenant })
  const put = vi.spyOn(world.storage, 'put')
  const processes = [createApp(deps), createApp(deps)].map((app) => requestsOf(app, tenant))
  const startedAt = performance.now()
  const ask = (_: unknown, index: number) => processes[index % 2]?.get(imagePath(document))
  const replies = await Promise.all(Array.from({ length: 50 }, ask))
  const firstMs = performance.now() - startedAt
  const bodies = await Promise.all(replies.map(textOf))
  expect(new Set(replies.map((reply) => reply?.status))).toEqual(new Set([200]))
  expect(new Set(bodies).size).toBe(1)
  expect(put).toHaveBeenCalledTimes(1)
  const againAt = performance.now()
  const again = await world.get(imagePath(document))
  const cachedMs = performance.now() - againAt
  expect(await textOf(again)).toBe(bodies[0])
  expect(put).toHaveBeenCalledTimes(1)
  console.log(`first picture: ${Math.round(firstMs)} ms, kept picture: ${cachedMs.toFixed(1)} ms`)
})

test('a known picture is not sent again, and none is drawn for it', async () => {
  const world = await withWorker()
  const document = await readDocument(world, { tenant: world.tenant })
  const { headers } = await world.get(imagePath(document))
  expect(headers.get('cache-control')).toMatch(/^private, max-age=\d+$/)
  const etag = headers.get('etag') ?? ''
  const known = await world.get(imagePath(document), {
    headers: { 'If-None-Match': `"x", ${etag}` },
  })
  expect([known.status, await known.text(), known.headers.get('etag')]).toEqual([304, '', etag])
  const wider = await world.get(imagePath(document, 1, 301), { headers: { 'If-None-Match': etag } })
  expect(wider.status).toBe(200)
  const head = await world.request(imagePath(document), {
    method: 'HEAD',
    headers: { authorization: `Bearer ${world.tenant.keys.viewer}` },
  })
  expect([head.status, Number(head.headers.get('content-length')) > 0]).toEqual([200, true])
})

test('an image is shown upright at the width asked for', async () => {
  const { post, get } = await withWorker()
  const create = { width: 40, height: 20, channels: 3 as const, background: 'white' }
  // As a camera writes it that was held sideways.
  const bytes = await sharp({ create }).withMetadata({ orientation: 6 }).jpeg().toBuffer()
  const { id } = await bodyOf<{ id: string }>(await post('/v1/documents', new Uint8Array(bytes)))
  const reply = await eventually('its page is known', async () => {
    const answer = await get(`/v1/documents/${id}/pages/1/image?width=100`)
    return answer.status === 200 && answer
  })
  const { width, height, format } = await sharp(await reply.bytes()).metadata()
  expect([format, width, height]).toEqual(['jpeg', 100, 200])
})

test('text, pages beyond the last, other tenants and unread documents have no picture', async () => {
  const world = await withoutWorker()
  const { get, tenant, otherTenant, db } = world
  const document = await readDocument(world, { tenant })
  const text = await readDocument(world, { tenant, kind: 'text' })
  const unread = await storeDocument(world, { tenant, bytes: longPdf(1, 1) })
  const statusOf = async (path: string, of = get) => (await of(path)).status
  expect(await statusOf(imagePath(text))).toBe(404)
  expect(await bodyOf(await get(imagePath(text)))).toMatchObject({
    detail: /text document/ as never,
  })
  expect(await statusOf(imagePath(document, 4))).toBe(404)
  expect(await statusOf(imagePath(document), otherTenant.get)).toBe(404)
  expect(await statusOf(imagePath(unread))).toBe(409)
  for (const width of ['63', '2401', '1e2', '0x80', '', '-100', '99999'])
    expect(await statusOf(`/v1/documents/${document.id}/pages/1/image?width=${width}`)).toBe(422)
  expect(await db.$count(pageImages, eq(pageImages.tenantId, tenant.id))).toBe(0)
})

test('a tenant with all its places taken still gets what is drawn, and others are drawn for', async () => {
  const world = await withWorker()
  const { get, otherTenant } = world
  const document = await readDocument(world, { tenant: world.tenant })
  const others = await readDocument(world, { tenant: otherTenant })
  expect((await get(imagePath(document))).status).toBe(200)
  const gate = Promise.withResolvers<void>()
  const put = world.storage.put.bind(world.storage)
  vi.spyOn(world.storage, 'put').mockImplementation(async (...body) => {
    await gate.promise
    return put(...body)
  })
  const waiting = Array.from({ length: 40 }, (_, index) => get(imagePath(document, 1, 64 + index)))
  const keptCount = async (of = document) => (await keptImages(world, of)).length
  await eventually('all are asked for', async () => (await keptCount()) === 41)
  expect((await get(imagePath(document, 2))).status).toBe(503)
  expect(await keptCount()).toBe(41)
  expect((await get(imagePath(document))).status).toBe(200)
  const other = otherTenant.get(imagePath(others))
  await eventually('it is asked for', async () => (await keptCount(others)) === 1)
  gate.resolve()
  await Promise.all([...waiting, other])
})

test('a picture that takes long is 503 with Retry-After, and a killed worker’s goes to the next', async () => {
  const world = await withoutWorker()
  const document = await readDocument(world, { tenant: world.tenant })
  const late = await world.get(imagePath(document))
  expect([late.status, late.headers.get('retry-after')]).toEqual([503, '1'])
  // An earlier test of this file may have left pictures that nobody waits for.
  const all = await leaseJobs(world.db, claimOf(drawingJobKind, { limit: 100 }))
  const leased = all.find(({ subjectId }) => subjectId === document.id)
  expect(leased?.id).toBeDefined()
  await world.get(imagePath(document))
  await world.sql`update jobs set lease_expires_at = clock_timestamp() - interval '1 s'
    where tenant_id = ${document.tenantId} and id = ${leased?.id ?? ''}`
  await recoverExpiredLeases(world.db, 100)
  const { deps } = await startWorker({ deps: { storage: world.storage } })
  const drawn = await eventually('it is drawn', async () => {
    const reply = await requestsOf(createApp(deps), world.tenant).get(imagePath(document))
    return reply.status === 200 && reply
  })
  expect(drawn.headers.get('content-type')).toBe('image/jpeg')
  expect((await keptImages(world, document))[0]?.jobId).toBe(leased?.id)
})

test('a job that has died for good is followed by another when somebody asks again', async () => {
  const world = await withoutWorker()
  const document = await readDocument(world, { tenant: world.tenant })
  await world.get(imagePath(document))
  await world.sql`delete from jobs where tenant_id = ${document.tenantId} and kind = ${drawingJobKind}`
  await world.get(imagePath(document))
  const waiting = and(eq(jobs.tenantId, document.tenantId), eq(jobs.kind, drawingJobKind))
  expect(await world.db.$count(jobs, waiting)).toBe(1)
})

test('a page that cannot be drawn is told of, and tried again after the next reading', async () => {
  const world = await withWorker()
  const bytes = makePdf([{}, { isBroken: true }])
  const document = await readDocument(world, { tenant: world.tenant, bytes }, 2)
  const broken = await world.get(imagePath(document, 2))
  expect(broken.status).toBe(409)
  expect(await broken.text()).toContain('damaged')
  const [before] = await keptImages(world, document)
  await world.get(imagePath(document, 2))
  expect((await keptImages(world, document))[0]?.jobId).toBe(before?.jobId)
  await world.db
    .update(documents)
    .set({ jobId: crypto.randomUUID() })
    .where(and(eq(documents.tenantId, document.tenantId), eq(documents.id, document.id)))
  await world.get(imagePath(document, 2))
  expect((await keptImages(world, document))[0]?.jobId).not.toBe(before?.jobId)
  expect((await world.get(imagePath(document, 1))).status).toBe(200)
})

test('a new file of a document has new pictures, and the bytes of the old ones go', async () => {
  const world = await withWorker()
  const { tenant, storage, post, get } = world
  const document = await readDocument(world, { tenant })
  const first = await get(imagePath(document))
  const [old] = await keptImages(world, document)
  await post(`/v1/documents/${document.id}/versions`, makePdf([{ width: 800, height: 400 }]))
  await eventually('it is read', async () => {
    const { status } = await bodyOf<{ status: string }>(await get(`/v1/documents/${document.id}`))
    return status === 'completed'
  })
  const headers = { 'If-None-Match': first.headers.get('etag') ?? '' }
  const second = await get(imagePath(document), { headers })
  const { width, height } = await sharp(await second.bytes()).metadata()
  expect([width, height]).toEqual([300, 150])
  const key = old?.storageKey ?? ''
  await eventually('the old bytes are gone', async () => !storage.objects.has(key))
})

test('the bytes of pictures go with their document', async () => {
  const world = await withWorker()
  const document = await readDocument(world, { tenant: world.tenant })
  for (const number of [1, 2, 3]) await world.get(imagePath(document, number))
  expect(world.storage.objects.size).toBe(4)
  const gone = await world.del(`/v1/documents/${document.id}`, { headers: { 'If-Match': '*' } })
  expect(gone.status).toBe(204)
  await eventually('nothing is stored', async () => world.storage.objects.size === 0)
  expect(await keptImages(world, document)).toEqual([])
})
