import { expect, onTestFinished, test } from 'vitest'
import { longPdf } from '../fixtures/pdf.ts'
import { eventually } from '../harness/eventually.ts'
import { startFakeS3 } from '../harness/s3.ts'
import { startStack } from '../harness/stack.ts'

test('a whole stack keeps its files in an object store, says when that is away, and goes on when it is back', {
  timeout: 240_000,
}, async () => {
  const s3 = await startFakeS3()
  onTestFinished(() => s3.stop())
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3.options
  const stack = await startStack({
    settings: {
      S3_ENDPOINT: endpoint,
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
    },
  })
  const bytes = longPdf(3, 10)
  const upload = await stack.request('/v1/documents', { method: 'POST', body: bytes })
  const { id } = (await upload.json()) as { id: string }
  const picture = await eventually('a page is shown', async () => {
    const reply = await stack.request(`/v1/documents/${id}/pages/2/image?width=200`)
    return reply.status === 200 && reply.bytes()
  })
  expect([...picture.subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff])
  expect(s3.bucket.objects.size).toBe(2)
  const content = () => stack.request(`/v1/documents/${id}/content`)
  expect(Buffer.from(await (await content()).bytes())).toEqual(Buffer.from(bytes))
  s3.disturb(() => ({ kind: 'refuse', status: 503, code: 'SlowDown' }))
  const away = await stack.request('/readyz')
  expect([away.status, (await away.json()) as object]).toMatchObject([
    503,
    { detail: 'Not ready: storage.' },
  ])
  expect((await content()).status).toBe(503)
  s3.disturb(null)
  expect((await stack.request('/readyz')).status).toBe(200)
  const gone = await stack.request(`/v1/documents/${id}`, {
    method: 'DELETE',
    headers: { 'If-Match': '*' },
  })
  expect(gone.status).toBe(204)
  await eventually('file and picture are gone', async () => s3.bucket.objects.size === 0)
  const { output } = await stack.octavo('config', 'show')
  expect(output).not.toContain(secretAccessKey)
  expect(s3.refused).toEqual([])
})
