import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { type Stack, startStack } from '../harness/stack.ts'
import {
  bigFile,
  slowUpload,
  stored,
  unfinished,
  uploadForm,
  uploadRaw,
  watchMemory,
} from './uploads.ts'

const mebibyte = 1024 ** 2
const largestBytes = 100 * mebibyte
// One file held whole would add 100 MiB. The rest is buffers that wait for the collector.
const growthBytesMax = 80 * mebibyte

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
  // What an isolate takes once for good at its first upload is no growth.
  await (await uploadRaw(stack, bigFile(8 * mebibyte, 'warm'))).text()
})

type Send = typeof uploadRaw

test.each<[string, Send[]]>([
  ['one raw', [uploadRaw]],
  ['one as a form', [uploadForm]],
  ['two at once', [uploadRaw, uploadForm]],
])('an upload of 100 MiB does not stay in memory: %s', async (name, senders) => {
  const watch = watchMemory(await stack.pidOf('isolate', 'documents'))
  const send = async (sender: Send, index: number) => {
    const response = await sender(stack, bigFile(largestBytes, `${name} ${index}`))
    expect(response.status, await response.text()).toBe(202)
  }
  await Promise.all(senders.map(send))
  const { before, peak, after } = watch()
  const inMebibytes = (bytes: number) => Math.round(bytes / mebibyte)
  console.log(
    `upload="${name}" rss_before_mib=${inMebibytes(before)} rss_peak_mib=${inMebibytes(peak)} ` +
      `rss_after_mib=${inMebibytes(after)}`,
  )
  expect(peak - before).toBeLessThan(growthBytesMax)
})

test('one byte more than the largest file is refused and leaves nothing', async () => {
  const before = stored(stack)
  const response = await uploadRaw(stack, bigFile(largestBytes + 1, 'too large'))
  expect(response.status).toBe(413)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  await eventually('nothing is left', async () => stored(stack).length === before.length)
})

test('a caller who leaves in the middle of an upload leaves nothing', async () => {
  const count = async () => {
    const reply = await stack.request('/v1/documents?limit=100')
    return ((await reply.json()) as { items: object[] }).items.length
  }
  const [filesBefore, rowsBefore] = [stored(stack).length, await count()]
  const { answer, end } = slowUpload(stack)
  await eventually('it has begun', async () => unfinished(stack).length > 0)
  end()
  await expect(answer).rejects.toThrow()
  await eventually('its file is gone', async () => unfinished(stack).length === 0)
  expect(stored(stack)).toHaveLength(filesBefore)
  expect(await count()).toBe(rowsBefore)
})
