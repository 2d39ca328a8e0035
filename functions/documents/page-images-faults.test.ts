import { uuidv7 } from 'uuidv7'
import { expect, test, vi } from 'vitest'
import { namedStorageKeys } from '../../domain/documents/stored-files.ts'
import { deleteTenant } from '../../domain/identity/tenants.ts'
import { imagePath, keptImages, readDocument } from '../../test/fixtures/page-images.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { requestsOf } from '../../test/harness/requests.ts'
import { createApp } from './index.ts'

test('a picture whose document is deleted while it is drawn leaves no bytes', async () => {
  const gone = Promise.withResolvers<void>()
  const drawing = Promise.withResolvers<void>()
  const world = await startWorker({ createApp })
  const document = await readDocument(world, { tenant: world.tenant })
  const put = world.storage.put.bind(world.storage)
  vi.spyOn(world.storage, 'put').mockImplementation(async (...body) => {
    drawing.resolve()
    await gone.promise
    return put(...body)
  })
  const asked = world.get(imagePath(document))
  await drawing.promise
  const reply = await world.del(`/v1/documents/${document.id}`, { headers: { 'If-Match': '*' } })
  expect(reply.status).toBe(204)
  gone.resolve()
  await eventually('nothing is stored', async () => world.storage.objects.size === 0)
  expect((await asked).status).toBe(404)
})

test.each(['crash', 'killed'])(
  'a page over which its reader ends by %s is told of',
  async (how) => {
    const world = await startWorker({ createApp, misbehaving: true })
    const bytes = new Uint8Array(Buffer.from(how))
    const document = await readDocument(world, { tenant: world.tenant, bytes })
    const replies = await Promise.all(
      [1, 2].map((number) => world.get(imagePath(document, number))),
    )
    expect(replies.map(({ status }) => status)).toEqual([409, 409])
    expect(await replies[0]?.text()).toMatch(how === 'crash' ? /damaged/ : /out_of_memory/)
  },
)

test('more pictures of a document than one reader draws are drawn by several', async () => {
  const world = await startWorker({ createApp })
  const document = await readDocument(world, { tenant: world.tenant })
  const widths = Array.from({ length: 25 }, (_, index) => 64 + index)
  const replies = await Promise.all(widths.map((width) => world.get(imagePath(document, 1, width))))
  const again = await eventually('all are drawn', async () => {
    const rows = await keptImages(world, document)
    return rows.every(({ storageKey }) => storageKey !== null) && rows
  })
  expect(again).toHaveLength(25)
  expect(replies.every(({ status }) => status === 200 || status === 503)).toBe(true)
})

test('a file that is not there fails, and does not keep others waiting', async () => {
  const world = await startWorker({ createApp })
  const document = await readDocument(world, { tenant: world.tenant })
  world.storage.objects.clear()
  expect((await world.get(imagePath(document))).status).toBe(409)
})

test('a kept picture whose bytes are lost is drawn again', async () => {
  const world = await startWorker({ createApp })
  const document = await readDocument(world, { tenant: world.tenant })
  await world.get(imagePath(document))
  const [row] = await keptImages(world, document)
  world.storage.objects.delete(row?.storageKey ?? '')
  expect((await world.get(imagePath(document))).status).toBe(200)
  expect((await keptImages(world, document))[0]?.storageKey).not.toBe(row?.storageKey)
})

test('the sweep of files knows pictures, and they go with their tenant', async () => {
  const world = await startWorker({ createApp })
  const { db, otherTenant } = world
  const document = await readDocument(world, { tenant: otherTenant })
  await requestsOf(createApp(world.deps), otherTenant).get(imagePath(document))
  const [row] = await keptImages(world, document)
  const digest = row?.sha256 ?? new Uint8Array(32)
  const named = await namedStorageKeys(db, otherTenant.id, [digest])
  expect([...(named ?? [])]).toEqual([row?.storageKey])
  expect(await namedStorageKeys(db, uuidv7(), [digest])).toBeNull()
  const keys = await db.transaction((tx) => deleteTenant(tx, otherTenant.id))
  expect(keys?.toSorted()).toEqual([...world.storage.objects.keys()].sort())
})
