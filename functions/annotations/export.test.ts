import { and, eq } from 'drizzle-orm'
import { unzipSync } from 'fflate'
import { expect, test, vi } from 'vitest'
import {
  auditLog,
  documents,
  templateApplications,
  templates,
  templateVersions,
} from '../../db/schema/index.ts'
import { importCoco } from '../../domain/annotations/formats/coco.ts'
import { importCsv } from '../../domain/annotations/formats/csv.ts'
import { importFunsd } from '../../domain/annotations/formats/funsd.ts'
import { importLabelStudio } from '../../domain/annotations/formats/label-studio.ts'
import type { FilePart } from '../../domain/annotations/formats/model.ts'
import { importNative } from '../../domain/annotations/formats/native.ts'
import { importYolo } from '../../domain/annotations/formats/yolo.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

const regions = [
  { page: 1, box: [0.1, 0.2, 0.3, 0.05], label_name: 'total', value: '=1+1', confidence: 0.5 },
  { page: 1, box: [0, 0, 1, 1], label_name: 'ünï "quoted", with\nlines', rotation: 12.5 },
  { page: 3, box: [0.5, 0.5, 0.25, 0.125], label_name: 'total', attributes: { a: [1, { b: 2 }] } },
]

async function annotated() {
  const world = await setup(createApp)
  const { db, tenant, post, del } = world
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['a', 'b', 'c', 'd'] })
  const made: { id: string }[] = []
  for (const region of regions) {
    const reply = await post('/', { document_id: documentId, ...region })
    made.push((await reply.json()) as { id: string })
  }
  const gone = await post('/', { document_id: documentId, ...regions[0] })
  await del(`/${((await gone.json()) as { id: string }).id}`)
  return { ...world, documentId, made }
}

async function partsOf(reply: Response): Promise<FilePart[]> {
  const files = unzipSync(new Uint8Array(await reply.arrayBuffer()))
  return Object.entries(files).map(([path, bytes]) => ({
    path,
    text: new TextDecoder().decode(bytes),
  }))
}

const readers = {
  json: async (reply: Response) => importNative(await reply.text()),
  csv: async (reply: Response) => importCsv(await reply.text()),
  coco: async (reply: Response) => importCoco(await reply.text()),
  label_studio: async (reply: Response) => importLabelStudio(await reply.text()),
  yolo: async (reply: Response) => importYolo(await partsOf(reply)),
  funsd: async (reply: Response) => importFunsd(await partsOf(reply)),
}

test.each(Object.entries(readers))(
  'an export as %s gives all regions back, and pages without one',
  async (format, read) => {
    const { get, documentId, made } = await annotated()
    const reply = await get(`/export?document_id=${documentId}&format=${format}`)
    expect(reply.status).toBe(200)
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment; filename="annotations-/)
    const { documents, annotations } = await read(reply)
    expect(documents[0]?.pages.map(({ number }) => number)).toEqual([1, 2, 3, 4])
    expect(annotations.map(({ id }) => id)).toEqual(made.map(({ id }) => id))
    for (const [index, { box, ...region }] of regions.entries()) {
      const found = annotations[index]
      expect(found?.labelName).toBe(region.label_name)
      expect(found?.value ?? null).toBe(region.value ?? null)
      expect(found?.rotation).toBeCloseTo(region.rotation ?? 0, 6)
      expect(found?.confidence ?? null).toBe(region.confidence ?? null)
      expect(found?.attributes).toMatchObject(region.attributes ?? {})
      for (const [side, value] of box.entries()) expect(found?.box[side]).toBeCloseTo(value, 6)
    }
  },
)

test('a document without annotations exports its pages', async () => {
  const { get, db, tenant } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(db, { ...owner, pages: ['a', 'b'] })
  const file = importNative(await (await get(`/export?document_id=${id}`)).text())
  expect(file.annotations).toEqual([])
  expect(file.documents[0]?.pages).toHaveLength(2)
})

test('more annotations than are read at once are all exported, in order', async () => {
  const { get, db, tenant, post } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['a'] })
  const region = { document_id: documentId, page: 1, box: [0, 0, 1, 1] }
  const lines = Array.from({ length: 2_100 }, (_, n) => ({ ...region, label_name: `${n}` }))
  const headers = { 'content-type': 'application/x-ndjson' }
  await post('/bulk', lines.map((line) => JSON.stringify(line)).join('\n'), { headers })
  const file = importNative(await (await get(`/export?document_id=${documentId}`)).text())
  expect(new Set(file.annotations.map(({ labelName }) => labelName)).size).toBe(2_100)
  const ids = file.annotations.map(({ id }) => id)
  expect(ids).toEqual(ids.toSorted())
})

test("another tenant's document and an unknown format are refused", async () => {
  const { get, otherTenant, documentId } = await annotated()
  expect((await otherTenant.get(`/export?document_id=${documentId}`)).status).toBe(404)
  expect((await get(`/export?document_id=${documentId}&format=xls`)).status).toBe(422)
  expect((await get('/export')).status).toBe(422)
})

test('several documents are one file, in the order that was asked for', async () => {
  const { get, post, db, tenant, documentId } = await annotated()
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: other } = await addDocument(db, { ...owner, pages: ['a'], filename: 'other.pdf' })
  await post('/', { document_id: other, page: 1, box: [0, 0, 1, 1], label_name: 'x' })
  for (const ids of [
    [other, documentId],
    [documentId, other],
  ]) {
    const reply = await get(`/export?document_ids=${ids.join(',')}&format=coco`)
    expect(reply.headers.get('content-disposition')).toBe(
      'attachment; filename="annotations.coco.json"',
    )
    const { documents, annotations } = importCoco(await reply.text())
    expect(documents.map(({ id }) => id)).toEqual(ids)
    expect(annotations).toHaveLength(regions.length + 1)
  }
  const unknown = `/export?document_ids=${documentId},${crypto.randomUUID()}`
  expect((await get(unknown)).status).toBe(404)
  expect((await get(`/export?document_id=${other}&document_ids=${other}`)).status).toBe(422)
  expect((await get('/export?document_ids=,')).status).toBe(422)
})

type Problem = { status: number; errors: { code: string; detail: string }[] }

test('an export is blocked while a required field is open, which it names', async () => {
  const { get, post, db, tenant, documentId } = await annotated()
  const [id, userId] = [crypto.randomUUID(), tenant.admin.id]
  const template = { tenantId: tenant.id, name: 'Invoice', version: 1 }
  const labels = [{ name: 'iban', type: 'text', required: true, expected_format: null }]
  const content = { ...template, labels: labels as never }
  await db.insert(templates).values({ ...content, id, updatedByUserId: userId })
  await db.insert(templateVersions).values({ ...content, templateId: id, userId })
  const applied = { documentId, templateId: id, templateVersion: 1, userId }
  await db.insert(templateApplications).values({ tenantId: tenant.id, ...applied })
  const refused = await get(`/export?document_id=${documentId}`)
  expect(refused.status).toBe(409)
  const { errors } = (await refused.json()) as Problem
  expect(errors).toMatchObject([{ code: 'required_field_missing' }])
  expect(errors[0]?.detail).toContain('template "Invoice", label "iban"')
  const region = { page: 1, box: [0, 0, 1, 1], label_name: 'iban', value: 'DE02' }
  await post('/', { document_id: documentId, ...region })
  expect((await get(`/export?document_id=${documentId}`)).status).toBe(200)
})

type Export = { status: string; format: string; annotation_count: number; document_ids: string[] }

test('the history of exports tells who took what, and whether all of it', async () => {
  const { get, db, tenant, otherTenant, documentId } = await annotated()
  const history = async (of = get) => {
    const { items } = (await (await of('/exports')).json()) as { items: Export[] }
    return items.map(({ status, format, annotation_count }) => [status, format, annotation_count])
  }
  await (await get(`/export?document_id=${documentId}&format=csv`)).text()
  expect(await history()).toEqual([['completed', 'csv', 3]])
  await get(`/export?document_id=${crypto.randomUUID()}`)
  const reply = await get(`/export?document_id=${documentId}&format=yolo`)
  await reply.body?.getReader().read()
  await reply.body?.cancel().catch(() => {})
  expect((await history()).length).toBe(2)
  expect(await history(otherTenant.get)).toEqual([])
  expect((await get('/exports', { as: 'viewer' })).status).toBe(403)
  const rows = await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))
  const exported = rows.filter(({ action }) => action === 'annotations.exported')
  expect(exported.map(({ detail }) => detail)).toEqual([
    { format: 'csv', documents: 1 },
    { format: 'yolo', documents: 1 },
  ])
})

test('an export whose reader goes away is broken off', async () => {
  const { get, post, documentId } = await annotated()
  const region = { document_id: documentId, page: 1, box: [0, 0, 1, 1] }
  const value = 'x'.repeat(9_000)
  for (let batch = 0; batch < 30; batch += 1)
    await post('/', { ...region, label_name: `${batch}`, value })
  const reply = await get(`/export?document_id=${documentId}`)
  const reader = reply.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  const { items } = (await (await get('/exports')).json()) as { items: Export[] }
  expect(items).toMatchObject([{ status: 'broken', document_ids: [documentId] }])
})

test('documents with more pages than an archive can count are refused before a byte is sent', async () => {
  const { get, db, tenant, documentId } = await annotated()
  const own = and(eq(documents.tenantId, tenant.id), eq(documents.id, documentId))
  await db.update(documents).set({ pageCount: 32_767 }).where(own)
  const reply = await get(`/export?document_id=${documentId}&format=yolo`)
  expect(reply.status).toBe(422)
  expect(await reply.text()).toContain('32766 pages')
  expect((await get(`/export?document_id=${documentId}`)).status).toBe(200)
})

test('what a file says of itself is read once for all its documents, and the first document wins', async () => {
  const { get, post, db, tenant } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const add = async () => (await addDocument(db, { ...owner, pages: ['a'] })).id
  const ids = await Promise.all(Array.from({ length: 12 }, add))
  const bring = async (attributes: object, of: readonly string[]) => {
    const documents = of.map((id) => ({ id, name: `${id}.pdf`, attributes: { of: id }, pages: [] }))
    const file = { format: 'octavo-annotations', version: 1, attributes, documents }
    const reply = await post('/import?format=json', { ...file, annotations: [] })
    expect(reply.status, await reply.clone().text()).toBe(200)
  }
  const long = 'of the file '.repeat(1_000)
  const early = { said: 'early', info: { a: 1, b: 1 }, early: long }
  const late = { said: 'late', info: { b: 2, c: 2 }, late: long }
  await bring(early, ids.slice(0, 6))
  await bring(late, ids.slice(6))
  const parsed = vi.spyOn(JSON, 'parse')
  const reply = await get(`/export?document_ids=${ids.toReversed().join(',')}`)
  const text = await reply.text()
  const read = parsed.mock.calls.filter(([json]) => json.includes(long))
  parsed.mockRestore()
  expect(read).toHaveLength(2)
  const { attributes, documents } = importNative(text)
  const info = { a: 1, b: 2, c: 2 }
  expect(attributes).toEqual({ ...early, ...late, info })
  expect(documents.map((one) => one.attributes)).toEqual(ids.toReversed().map((id) => ({ of: id })))
})
