import { expect, test } from 'vitest'
import { boundPageImages } from '../../domain/documents/page-images-cache.ts'
import { imagePath, keptImages, readDocument } from '../../test/fixtures/page-images.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { createApp } from './index.ts'

test('pictures beyond the room for them go, those used longest ago first, and are drawn again', async () => {
  const world = await startWorker({ createApp })
  const { db, storage, clock } = world
  const document = await readDocument(world, { tenant: world.tenant })
  for (const number of [1, 2, 3]) {
    await world.get(imagePath(document, number))
    clock.advance(2 * 3_600_000)
  }
  await world.get(imagePath(document, 1))
  const rows = await eventually('the use of the first is noted', async () => {
    const found = (await keptImages(world, document)).toSorted((a, b) => +a.usedAt - +b.usedAt)
    return found.at(-1)?.number === 1 && found
  })
  const bound = (bytesMax: number, usedBefore: Date) =>
    boundPageImages(db, {
      ...{ bytesMax, usedBefore, signal: new AbortController().signal },
      deleteBytes: (key) => storage.delete(key),
    })
  expect(await bound(1e9, new Date(0))).toBe(0)
  expect(
    await bound(
      rows.slice(1).reduce((sum, row) => sum + (row.bytes ?? 0), 0),
      new Date(0),
    ),
  ).toBe(1)
  expect((await keptImages(world, document)).map((row) => row.number).sort()).toEqual([1, 3])
  expect(await bound(1e9, clock.now())).toBe(1)
  expect(storage.objects.size).toBe(2)
  expect((await world.get(imagePath(document, 2))).status).toBe(200)
})
