import { expect, test } from 'vitest'
import type { UploadedDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { byteRange } from '../_shared/http/stored-file.ts'
import { createApp } from './index.ts'

test.each([
  ['bytes=0-3', { start: 0, endInclusive: 3 }],
  ['bytes=4-', { start: 4, endInclusive: 9 }],
  ['bytes=-3', { start: 7, endInclusive: 9 }],
  ['bytes=-99', { start: 0, endInclusive: 9 }],
  ['bytes=8-99', { start: 8, endInclusive: 9 }],
  ['bytes=0-0', { start: 0, endInclusive: 0 }],
  ['bytes=0-1,4-5', null],
  ['bytes=5-2', null],
  ['bytes=-', null],
  ['bytes=a-b', null],
  ['lines=0-3', null],
  ['bytes=99999999999999999999-', null],
])('of ten bytes the range %s is %j', (header, range) => {
  expect(byteRange(header, 10)).toEqual(range)
})

test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0'])(
  'of ten bytes the range %s is outside',
  (header) => {
    expect(() => byteRange(header, 10)).toThrow(
      expect.objectContaining({
        code: 'range_not_satisfiable',
        headers: { 'Content-Range': 'bytes */10' },
      }),
    )
  },
)

async function withFile(filename = 'Größe "1".pdf') {
  const bundle = await setup(createApp)
  const path = `/v1/documents?filename=${encodeURIComponent(filename)}`
  const { id } = await bodyOf<UploadedDocument>(await bundle.post(path, '%PDF-1.7 0123456789'))
  return { ...bundle, id, path: `/v1/documents/${id}/content` }
}

test('the file comes back whole, as an attachment under its own name and type', async () => {
  const { get, path } = await withFile()
  const response = await get(path)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('%PDF-1.7 0123456789')
  const { headers } = response
  expect(headers.get('content-type')).toBe('application/pdf')
  expect(headers.get('content-length')).toBe('19')
  expect(headers.get('content-disposition')).toContain(
    `filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%221%22.pdf`,
  )
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})

test('a range comes back alone, unless its If-Range names other bytes', async () => {
  const { get, path } = await withFile()
  const part = await get(path, { headers: { range: 'bytes=9-11' } })
  expect(part.status).toBe(206)
  expect(part.headers.get('content-range')).toBe('bytes 9-11/19')
  expect(part.headers.get('content-length')).toBe('3')
  expect(await part.text()).toBe('012')
  const etag = part.headers.get('etag') ?? ''
  const ranged = (ifRange: string) =>
    get(path, { headers: { range: 'bytes=9-11', 'if-range': ifRange } })
  expect((await ranged(etag)).status).toBe(206)
  expect((await ranged('"other"')).status).toBe(200)
  expect((await ranged('Fri, 20 Nov 2026 08:00:00 GMT')).status).toBe(200)
})

test('a range outside the file is 416 with the size', async () => {
  const { get, path } = await withFile()
  const response = await get(path, { headers: { range: 'bytes=19-' } })
  expect(response.status).toBe(416)
  expect(response.headers.get('content-range')).toBe('bytes */19')
  expect(await bodyOf(response)).toMatchObject({ code: 'range_not_satisfiable' })
})

test('bytes that the caller has are not sent again, and HEAD opens no file', async () => {
  const { get, request, path, tenant, storage } = await withFile()
  const etag = (await get(path)).headers.get('etag') ?? ''
  expect((await get(path, { headers: { 'if-none-match': etag } })).status).toBe(304)
  storage.objects.clear()
  const headers = { authorization: `Bearer ${tenant.keys.viewer}` }
  const head = await request(path, { method: 'HEAD', headers })
  expect([head.status, head.headers.get('content-length'), head.body]).toEqual([200, '19', null])
})
