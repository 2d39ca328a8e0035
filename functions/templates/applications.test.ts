import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { annotations, documents, suggestions } from '../../db/schema/index.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Counts = { created: number; existing: number; dismissed: number; annotated: number }
type Applied = { template_version: number; suggestions: Counts }
type Application = { template_id: string; template_version: number; is_current: boolean }
type Open = { is_complete: boolean; fields: { label_name: string; reason: string }[] }

// Typed by the harness: a character is 0.01 wide, a line 0.02 high.
const place = { page: 1, box: [0.08, 0, 0.04, 0.02] }
const number = { name: 'number', required: true, expected_format: 'R-\\d+', places: [place] }

async function applying() {
  const world = await setup(createApp)
  const { db, tenant, post, get, del } = world
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const document = async () => (await addDocument(db, { ...owner, pages: ['Invoice R-42'] })).id
  const template = async (labels: object[] = [number], name = 'Invoice') =>
    (await bodyOf<{ id: string }>(await post('/', { name, labels }))).id
  const apply = (id: string, documentId: string, options = {}) =>
    post(`/${id}/apply`, { document_id: documentId }, options)
  const ofTenant = eq(suggestions.tenantId, tenant.id)
  return {
    ...{ ...world, document, template, apply },
    counts: async (id: string, documentId: string) =>
      (await bodyOf<Applied>(await apply(id, documentId))).suggestions,
    applied: async (query: string) =>
      (await bodyOf<{ items: Application[] }>(await get(`/applications?${query}`))).items,
    open: async (documentId: string) =>
      bodyOf<Open>(await get(`/open-fields?document_id=${documentId}`)),
    withdraw: (id: string, documentId: string) => del(`/${id}/applications/${documentId}`),
    suggested: () => db.select().from(suggestions).where(ofTenant),
    dismissAll: () =>
      db
        .update(suggestions)
        .set({ state: 'dismissed', decidedByUserId: owner.userId })
        .where(ofTenant),
    annotate: (documentId: string, labelName: string, value: string) =>
      db.insert(annotations).values({
        ...{ tenantId: tenant.id, id: uuidv7(), documentId, labelName, value },
        ...{ page: 1, x: 0, y: 0, width: 1, height: 1 },
        ...{ createdByUserId: owner.userId, updatedByUserId: owner.userId },
      }),
  }
}

test('an applied template suggests its places once and says what came of each', async () => {
  const { template, document, apply, counts, suggested, dismissAll } = await applying()
  const [id, documentId] = [await template(), await document()]
  const reply = await apply(id, documentId)
  expect(reply.status).toBe(201)
  const none = { created: 0, existing: 0, dismissed: 0, annotated: 0 }
  expect(await bodyOf<Applied>(reply)).toEqual({
    ...{ template_id: id, template_version: 1, document_id: documentId },
    suggestions: { ...none, created: 1 },
  })
  const [made] = await suggested()
  expect(made).toMatchObject({ value: 'R-42', source: 'template', templateId: id, state: 'open' })
  const again = await apply(id, documentId)
  expect(again.status).toBe(200)
  expect(await bodyOf<Applied>(again)).toMatchObject({ suggestions: { ...none, existing: 1 } })
  await dismissAll()
  expect(await counts(id, documentId)).toEqual({ ...none, dismissed: 1 })
  expect(await suggested()).toHaveLength(1)
})

test('what was dismissed does not come back with another template, or the same one made anew', async () => {
  const { template, document, counts, dismissAll, del } = await applying()
  const [id, documentId] = [await template(), await document()]
  await counts(id, documentId)
  await dismissAll()
  const near = { ...number, places: [{ ...place, box: [0.0801, 0, 0.04, 0.02] }] }
  const other = await template([near], 'Other')
  expect(await counts(other, documentId)).toMatchObject({ created: 0, dismissed: 1 })
  await del(`/${id}`)
  const anew = await template()
  expect(await counts(anew, documentId)).toMatchObject({ created: 0, dismissed: 1 })
})

test('required fields are open until the document has them, and the list says why', async () => {
  const { template, document, apply, open, annotate } = await applying()
  const [id, documentId] = [await template(), await document()]
  expect(await open(documentId)).toMatchObject({ is_complete: true, fields: [] })
  await apply(id, documentId)
  const field = { template_id: id, template_name: 'Invoice', label_name: 'number' }
  const missing = { document_id: documentId, is_complete: false }
  expect(await open(documentId)).toEqual({ ...missing, fields: [{ ...field, reason: 'missing' }] })
  await annotate(documentId, 'number', 'R-')
  expect(await open(documentId)).toMatchObject({ fields: [{ ...field, reason: 'format' }] })
  await annotate(documentId, 'number', 'R-42')
  expect(await open(documentId)).toMatchObject({ is_complete: true, fields: [] })
})

test('a newer version counts when it is applied, and the list of applications says which does', async () => {
  const { template, document, apply, applied, open, patch, tenant } = await applying()
  const [id, documentId] = [await template(), await document()]
  await apply(id, documentId)
  await patch(`/${id}`, { labels: [] })
  const of = `document_id=${documentId}`
  const application = {
    ...{ template_id: id, template_name: 'Invoice', template_version: 1, is_current: false },
    ...{ document_id: documentId, applied_by: tenant.admin.id, applied_at: expect.any(String) },
  }
  expect(await applied(of)).toEqual([application])
  expect((await open(documentId)).fields).toHaveLength(1)
  await apply(id, documentId)
  expect(await applied(of)).toEqual([{ ...application, template_version: 2, is_current: true }])
  expect((await open(documentId)).fields).toEqual([])
})

test('applications are listed by document, by template, and page by page', async () => {
  const { template, document, apply, applied, get } = await applying()
  const ids = [await template([], 'A'), await template([], 'B')]
  const documentIds = [await document(), await document()]
  for (const documentId of documentIds) for (const id of ids) await apply(id, documentId)
  expect((await applied(`document_id=${documentIds[0]}`)).map((one) => one.template_id)).toEqual(
    ids,
  )
  expect(await applied(`template_id=${ids[0]}`)).toHaveLength(2)
  expect(await applied(`template_id=${ids[0]}&document_id=${documentIds[1]}`)).toHaveLength(1)
  let count = 0
  for (let cursor: string | null = ''; cursor !== null; count += 1) {
    const url: string = `/applications?limit=1${cursor && `&cursor=${cursor}`}`
    cursor = (await bodyOf<{ next_cursor: string | null }>(await get(url))).next_cursor
  }
  expect(count).toBe(4)
})

test.each(['withdrawn', 'deleted'])(
  'a template that is %s requires nothing more and takes what nobody has decided',
  async (how) => {
    const { template, document, apply, withdraw, del, open, suggested, applied, db } =
      await applying()
    const sum = { name: 'sum', places: [{ page: 1, box: [0.5, 0.5, 0.1, 0.1] }] }
    const [id, documentId] = [await template([number, sum]), await document()]
    await apply(id, documentId)
    const [first, second] = await suggested()
    if (!first) throw new Error('nothing was suggested')
    const elsewhere = { id: uuidv7(), y: 0.8, source: 'model', templateId: null } as const
    await db.insert(suggestions).values({ ...first, ...elsewhere })
    const isFirst = and(eq(suggestions.tenantId, first.tenantId), eq(suggestions.id, first.id))
    const decision = { state: 'dismissed', decidedByUserId: uuidv7() } as const
    await db.update(suggestions).set(decision).where(isFirst)
    const end = () => (how === 'deleted' ? del(`/${id}`) : withdraw(id, documentId))
    expect((await end()).status).toBe(204)
    expect((await suggested()).map((one) => one.id)).toEqual([first.id, elsewhere.id])
    expect(second?.state).toBe('open')
    expect(await open(documentId)).toMatchObject({ is_complete: true })
    expect(await applied(`document_id=${documentId}`)).toEqual([])
    expect((await end()).status).toBe(404)
  },
)

test('a template that is deleted while it is applied leaves no application and nothing open', async () => {
  const { template, document, apply, del, applied, suggested } = await applying()
  const [id, documentId] = [await template(), await document()]
  const [reply] = await Promise.all([apply(id, documentId), del(`/${id}`)])
  expect([201, 404]).toContain(reply.status)
  expect(await applied(`document_id=${documentId}`)).toEqual([])
  expect(await suggested()).toEqual([])
})

test('an application that was cut off half-way left nothing, and is made whole the next time', async () => {
  const { template, document, apply, applied, open, suggested, db } = await applying()
  const [id, documentId] = [await template(), await document()]
  const send = () => apply(id, documentId)
  expect((await cutOff(db, 'suggestions', send)).status).toBe(503)
  expect(await applied(`document_id=${documentId}`)).toEqual([])
  expect(await open(documentId)).toMatchObject({ is_complete: true })
  expect((await send()).status).toBe(201)
  expect(await suggested()).toHaveLength(1)
})

test('one that is missing, not read yet, or of another version is refused, and nothing is kept', async () => {
  const { template, document, apply, applied, get, db, tenant } = await applying()
  const [id, documentId] = [await template(), await document()]
  expect((await apply(uuidv7(), documentId)).status).toBe(404)
  expect((await apply(id, uuidv7())).status).toBe(422)
  expect((await apply(id, documentId, { headers: { 'if-match': '"v2"' } })).status).toBe(412)
  expect((await get(`/open-fields?document_id=${uuidv7()}`)).status).toBe(404)
  const mine = and(eq(documents.tenantId, tenant.id), eq(documents.id, documentId))
  await db.update(documents).set({ status: 'processing' }).where(mine)
  expect((await apply(id, documentId)).status).toBe(409)
  expect(await applied(`document_id=${documentId}`)).toEqual([])
})

test('viewers see what is applied and open, and change nothing', async () => {
  const { template, document, apply, get, del, otherTenant } = await applying()
  const [id, documentId] = [await template(), await document()]
  await apply(id, documentId)
  const as = { as: 'viewer' } as const
  expect((await get(`/open-fields?document_id=${documentId}`, as)).status).toBe(200)
  expect((await get('/applications', as)).status).toBe(200)
  expect((await apply(id, documentId, as)).status).toBe(403)
  expect((await del(`/${id}/applications/${documentId}`, as)).status).toBe(403)
  expect((await otherTenant.get(`/open-fields?document_id=${documentId}`)).status).toBe(404)
  expect((await otherTenant.del(`/${id}/applications/${documentId}`)).status).toBe(404)
  expect(await bodyOf(await otherTenant.get('/applications'))).toMatchObject({ items: [] })
})
