import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documents } from '../../db/schema/index.ts'
import {
  noTraces,
  tracesOfOne,
  type UploadedDocument,
  uploadTraces,
} from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { type SetupOptions, setup } from '../../test/harness/setup.ts'
import { unseal } from '../_shared/access/seal.ts'
import { createApp } from './index.ts'

type Receipt = UploadedDocument & {
  filename: string
  kind: string
  duplicate: boolean
  storage_key: string
}

const pdf = (text: string) => `%PDF-1.7\n${text}\n%%EOF\n`

async function uploading(options: SetupOptions = {}) {
  const bundle = await setup(createApp, options)
  const { db, tenant, storage } = bundle
  const traces = () => uploadTraces(db, { tenantId: tenant.id, objects: storage.objects })
  return { ...bundle, traces }
}

test('a file is stored, filed and queued together, and its reply says where it is', async () => {
  const { post, traces, storage } = await uploading()
  const response = await post('/v1/documents?filename=../a.pdf', pdf('x'), { as: 'ingest' })
  expect(response.status).toBe(202)
  const receipt = await bodyOf<Receipt>(response)
  expect(receipt).toMatchObject({ status: 'pending', filename: 'a.pdf', duplicate: false })
  expect(response.headers.get('location')).toBe(`/v1/documents/${receipt.id}`)
  expect(response.headers.get('etag')).toBe('"v1"')
  expect(await traces()).toEqual(tracesOfOne)
  expect([...storage.objects.keys()]).toEqual([receipt.storage_key])
})

test('PUT uploads like POST, and repeating it gives the same document', async () => {
  const { put, traces } = await uploading()
  const first = await put('/v1/documents?filename=a.pdf', pdf('x'))
  const again = await put('/v1/documents?filename=a.pdf', pdf('x'))
  expect([first.status, again.status]).toEqual([202, 200])
  expect((await bodyOf<Receipt>(again)).id).toBe((await bodyOf<Receipt>(first)).id)
  expect(await traces()).toEqual(tracesOfOne)
})

test('a file without name or type is named after what it is', async () => {
  const { post } = await uploading()
  const named = async (body: string, headers = {}) =>
    (await bodyOf<Receipt>(await post('/v1/documents', body, { headers }))).filename
  expect(await named(pdf('x'))).toBe('document.pdf')
  expect(await named('words')).toBe('document.txt')
  expect(await named('# words', { 'content-type': 'text/markdown' })).toBe('document.md')
})

test('several files of one form make several documents, one file makes one', async () => {
  const { post, traces } = await uploading()
  const form = new FormData()
  form.append('file', new File([pdf('one')], 'Größe.pdf'))
  const single = await post('/v1/documents', form)
  expect(await bodyOf(single)).toMatchObject({ filename: 'Größe.pdf', kind: 'pdf' })
  form.append('file', new File(['# two'], 'two.md'))
  form.append('password', 'secret')
  const several = await post('/v1/documents', form)
  expect(several.status).toBe(202)
  const { items } = await bodyOf<{ items: Receipt[] }>(several)
  expect(items.map(({ filename, kind, duplicate }) => [filename, kind, duplicate])).toEqual([
    ['Größe.pdf', 'pdf', true],
    ['two.md', 'markdown', false],
  ])
  expect(await traces()).toEqual({ documents: 2, blobs: 2, jobs: 2, objects: 2 })
})

test('of several files none stays when one is refused', async () => {
  const { post, traces } = await uploading()
  const form = new FormData()
  form.append('file', new File([pdf('one')], 'one.pdf'))
  form.append('file', new File([new Uint8Array([255, 0])], 'two.png'))
  expect((await post('/v1/documents', form)).status).toBe(415)
  expect(await traces()).toEqual(noTraces)
})

test.each([
  ['an empty body', '', {}, 422, 'invalid'],
  ['no known kind', new Uint8Array([0x89, 0x50, 0, 255]), {}, 415, 'unsupported_media_type'],
  ['too many bytes', 'x'.repeat(2_000), {}, 413, 'payload_too_large'],
  ['too many bytes announced', 'x', { 'content-length': '2000' }, 413, 'payload_too_large'],
  ['a coded body', 'x', { 'content-encoding': 'gzip' }, 415, 'unsupported_media_type'],
  ['a broken form', '--', { 'content-type': 'multipart/form-data; boundary=x' }, 400, 'malformed'],
  [
    'a form of another type',
    'x',
    { 'content-type': 'multipart/mixed; boundary=x' },
    415,
    'unsupported_media_type',
  ],
] as const)('%s leaves nothing', async (_, body, headers, status, code) => {
  const { post, traces } = await uploading({ config: { uploadBytesMax: 1_000 } })
  const response = await post('/v1/documents', body, { headers })
  expect(await bodyOf(response)).toMatchObject({ status, code })
  expect(await traces()).toEqual(noTraces)
})

test.each([
  [
    'an unknown field',
    (form: FormData) => form.append('fiel', new File(['x'], 'a.txt')),
    'unknown_name',
  ],
  ['no file', (form: FormData) => form.append('password', 'x'), 'missing'],
  ['an empty password', (form: FormData) => form.append('password', ''), 'length'],
  [
    'a device name',
    (form: FormData) => form.append('file', new File(['x'], 'nul.txt')),
    'reserved',
  ],
])('a form with %s is refused and leaves nothing', async (_, fill, code) => {
  const { post, traces } = await uploading()
  const form = new FormData()
  fill(form)
  const response = await post('/v1/documents', form)
  expect(await bodyOf(response)).toMatchObject({ status: 422, errors: [{ code }] })
  expect(await traces()).toEqual(noTraces)
})

test('a body that breaks off half-way leaves nothing', async () => {
  const { post, traces } = await uploading()
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode(pdf('half'))),
    pull: (controller) => controller.error(new Error('connection reset')),
  })
  expect((await post('/v1/documents', body)).status).toBe(400)
  expect(await traces()).toEqual(noTraces)
})

test('an Idempotency-Key repeats the reply for the same file and refuses another', async () => {
  const { post, traces } = await uploading()
  const headers = { 'idempotency-key': 'upload-1' }
  const first = await post('/v1/documents?duplicate=version', pdf('x'), { headers })
  const again = await post('/v1/documents?duplicate=version', pdf('x'), { headers })
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await bodyOf(again)).toEqual(await bodyOf(first))
  const other = await post('/v1/documents?duplicate=version', pdf('y'), { headers })
  expect(await bodyOf(other)).toMatchObject({ status: 422, code: 'idempotency_mismatch' })
  expect(await traces()).toEqual(tracesOfOne)
})

test('a password is kept sealed, whichever way it came', async () => {
  const { post, db, deps, logLines, tenant } = await uploading()
  const opened = async (receipt: Receipt) => {
    const [row] = await db
      .select({ sealed: documents.passwordSealed })
      .from(documents)
      .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, receipt.id)))
    return unseal(deps.config.secret, row?.sealed ?? new Uint8Array())
  }
  const latin1 = String.fromCharCode(...new TextEncoder().encode('pässword'))
  const headers = { 'x-document-password': latin1 }
  const raw = await bodyOf<Receipt>(await post('/v1/documents', pdf('1'), { headers }))
  expect(await opened(raw)).toBe('pässword')
  const form = new FormData()
  form.append('file', new File([pdf('2')], 'a.pdf'))
  form.append('password', 'pässword')
  const inForm = await bodyOf<Receipt>(await post('/v1/documents', form))
  expect(await opened(inForm)).toBe('pässword')
  expect(JSON.stringify([raw, inForm, logLines])).not.toContain('ssword')
})

test('viewers may not upload, and unknown or hostile query values are refused', async () => {
  const { post } = await uploading()
  const status = async (path: string, as: 'viewer' | 'editor' | 'nobody' = 'editor') =>
    (await post(path, 'x', { as })).status
  expect(await status('/v1/documents', 'viewer')).toBe(403)
  expect(await status('/v1/documents', 'nobody')).toBe(401)
  expect(await status('/v1/documents?filname=a')).toBe(422)
  expect(await status('/v1/documents?filename=a%00b')).toBe(422)
  expect(await status('/v1/documents?filename=..')).toBe(422)
  expect(await status('/v1/documents?filename=%ff')).toBe(400)
  expect(await status('/v1/documents?duplicate=maybe')).toBe(422)
})
