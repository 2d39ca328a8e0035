import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import type { Storage } from '../_shared/ports/storage.ts'
import { createApp } from './index.ts'

const mebibyte = 1024 * 1024
const fileBytes = 100 * mebibyte
const chunkBytes = 64 * 1024
// Freed chunks are swept a little later, so one or two intervals may still be counted; the whole file never is.
const growthBytesMax = 20 * mebibyte
const measureEveryBytes = 5 * mebibyte

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What cannot be let go of. Without the collection, it would say how lazy the collector is. */
function heldBytes(): number {
  collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Storage that reads and forgets; and the most memory that was held while it read. */
function forgetfulStorage() {
  const peak = { bytes: 0 }
  const storage: Storage = {
    async put(tenantId, body) {
      let bytes = 0
      for await (const chunk of body) {
        bytes += chunk.byteLength
        if (bytes % measureEveryBytes < chunkBytes) peak.bytes = Math.max(peak.bytes, heldBytes())
      }
      const sha256 = crypto.getRandomValues(new Uint8Array(32))
      return { storageKey: `${tenantId}/${crypto.randomUUID()}`, sha256, bytes }
    },
    get: async () => null,
    delete: async () => {},
    async *list() {},
    check: async () => {},
  }
  return { storage, peak }
}

/** `bytes` bytes that begin with `head` and end with `tail`, each chunk made when it is asked for. */
function generated(bytes: number, head = '%PDF-1.7\n', tail = '') {
  let left = bytes
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(new TextEncoder().encode(head)),
      pull(controller) {
        controller.enqueue(new Uint8Array(Math.min(left, chunkBytes)).fill(0x41))
        left -= chunkBytes
        if (left > 0) return
        if (tail) controller.enqueue(new TextEncoder().encode(tail))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

const formHead =
  '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'

test.each([
  ['as the body itself', () => generated(fileBytes), {}],
  [
    'in a form',
    () => generated(fileBytes, formHead, '\r\n--XX--\r\n'),
    { 'content-type': 'multipart/form-data; boundary=XX' },
  ],
])('100 MiB sent %s pass through without being held in memory', async (name, body, headers) => {
  const { storage, peak } = forgetfulStorage()
  const config = { uploadBytesMax: fileBytes + chunkBytes, requestTimeoutMs: 60_000 }
  const { post } = await setup(createApp, { config, deps: { storage } })
  const before = heldBytes()
  const response = await post('/v1/documents', body(), { headers })
  expect(response.status).toBe(202)
  expect((await bodyOf<{ bytes: number }>(response)).bytes).toBeGreaterThanOrEqual(fileBytes)
  const growth = peak.bytes - before
  process.stdout.write(`100 MiB ${name}: at most ${(growth / mebibyte).toFixed(1)} MiB were held\n`)
  expect(growth).toBeLessThan(growthBytesMax)
})
