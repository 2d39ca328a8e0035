import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import {
  annotations,
  jobHistory,
  suggestions,
  type TemplateLabel,
  templates,
  templateVersions,
} from '../../db/schema/index.ts'
import { applyTemplate } from '../../domain/templates/apply.ts'
import { batchKinds, batchRoutes, soundPdf } from '../../test/fixtures/batches.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const label: TemplateLabel = {
  ...{ name: 'total', type: 'text', colour: '#1f77b4', hotkey: null, required: true },
  ...{ expected_format: null, places: [{ page: 1, box: [0, 0, 0.5, 0.1] }] },
}

async function withTemplate() {
  const world = await startWorker({ handlers: batchKinds })
  const { db, tenant } = world
  const [tenantId, userId, templateId] = [tenant.id, tenant.admin.id, uuidv7()]
  const content = { tenantId, name: 'Invoice', labels: [label] }
  await db.insert(templates).values({ ...content, id: templateId, updatedByUserId: userId })
  await db.insert(templateVersions).values({ ...content, templateId, version: 1, userId })
  const ids: string[] = []
  for (const page of ['One 1', 'Two 2', 'Three 3'])
    ids.push((await addDocument(db, { tenantId, userId, pages: [page] })).id)
  const annotate = (documentId: string, value: string) =>
    db.insert(annotations).values({
      ...{ tenantId, id: uuidv7(), documentId, page: 1, x: 0, y: 0, width: 0.5, height: 0.1 },
      ...{ labelName: 'total', value, createdByUserId: userId, updatedByUserId: userId },
    })
  const apply = (documentId: string) =>
    db.transaction((tx) =>
      applyTemplate(tx, { tenantId, templateId, documentId, userId, at: new Date() }),
    )
  return { ...world, ...batchRoutes(world), templateId, ids, annotate, apply }
}

test('a template is applied to every document of a batch, each once', async () => {
  const { db, tenant, create, ended, items, post, ids, templateId } = await withTemplate()
  const parameters = { template_id: templateId }
  const order = { operation: 'apply_template', parameters, document_ids: ids }
  const { id } = await create(order)
  expect(await ended(id)).toMatchObject({ status: 'completed', counts: { completed: 3 } })
  expect((await items(id)).map((item) => item.attempts)).toEqual([1, 1, 1])
  const made = await db
    .select({ documentId: suggestions.documentId })
    .from(suggestions)
    .where(eq(suggestions.tenantId, tenant.id))
  expect(made.map(({ documentId }) => documentId).toSorted()).toEqual(ids)
  expect((await post(`/v1/batches/${id}/retry`, {})).status).toBe(409)
})

test('a template that was deleted meanwhile fails the items, which says so', async () => {
  const { db, create, ended, items, ids, templateId, tenant, drain } = await withTemplate()
  await drain() // so that nothing is applied before it is gone
  const parameters = { template_id: templateId }
  const { id } = await create({ operation: 'apply_template', parameters, document_ids: ids })
  await db.delete(templates).where(eq(templates.tenantId, tenant.id))
  const worker = await startWorker({ handlers: batchKinds })
  expect(worker.tenant.id).not.toBe(tenant.id) // it serves all tenants
  expect(await ended(id)).toMatchObject({ status: 'completed', counts: { failed: 3 } })
  expect((await items(id)).map((item) => item.error?.code)).toEqual(Array(3).fill('template_gone'))
})

test('documents with open required fields fail, and the others are one file in the order of the batch', async () => {
  const { db, tenant, create, ended, items, get, ids, apply, annotate } = await withTemplate()
  const [one = '', two = '', three = ''] = ids
  for (const id of ids) await apply(id)
  await annotate(three, 'third')
  await annotate(one, 'first')
  const parameters = { format: 'json' }
  const document_ids = [three, two, one]
  const { id } = await create({ operation: 'export', parameters, document_ids })
  expect(await ended(id)).toMatchObject({ counts: { completed: 2, failed: 1 } })
  const error = { code: 'required_fields_open', message: expect.stringContaining('"total"') }
  expect(await items(id)).toMatchObject([
    { status: 'completed', error: null },
    { document_id: two, status: 'failed', error },
    { status: 'completed', error: null },
  ])
  const response = await get(`/v1/batches/${id}/export`)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-disposition')).toContain(`annotations-${id}.json`)
  const file = await bodyOf<{ documents: { id: string }[]; annotations: { value: string }[] }>(
    response,
  )
  expect(file.documents.map((document) => document.id)).toEqual([three, one])
  expect(file.annotations.map(({ value }) => value)).toEqual(['third', 'first'])
  const ofFirst = and(eq(annotations.tenantId, tenant.id), eq(annotations.documentId, one))
  await db.update(annotations).set({ deletedAt: new Date() }).where(ofFirst)
  const blocked = await get(`/v1/batches/${id}/export`)
  expect(blocked.status).toBe(409)
  const { errors } = await bodyOf<{ errors: object[] }>(blocked)
  expect(errors).toMatchObject([{ code: 'required_field_missing' }])
})

test('a batch of more items than are open at one time does all of them, each once', async () => {
  const { db, tenant, create, ended, items, addDocuments } = await withTemplate()
  const ids = await addDocuments(Array.from({ length: 230 }, () => soundPdf))
  const parameters = { format: 'csv' }
  const { id } = await create({ operation: 'export', parameters, document_ids: ids })
  const counts = { total: 230, completed: 230, queued: 0, running: 0, failed: 0, cancelled: 0 }
  expect(await ended(id)).toMatchObject({ status: 'completed', counts })
  const list = await items(id)
  expect(list.map((item) => item.document_id)).toEqual(ids)
  const done = and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.batchId, id))
  expect(await db.$count(jobHistory, done)).toBe(230)
})
