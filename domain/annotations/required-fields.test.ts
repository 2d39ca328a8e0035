import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import {
  annotations,
  type TemplateLabel,
  templateApplications,
  templates,
  templateVersions,
} from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { openRequiredFields } from './required-fields.ts'

type Annotation = Partial<typeof annotations.$inferInsert>

const required = (name: string, fields: Partial<TemplateLabel> = {}): TemplateLabel => ({
  ...{ name, type: 'text', colour: '#1f77b4', hotkey: null, required: true },
  ...{ expected_format: null, places: [], ...fields },
})

async function setup() {
  const { db } = await openTestDatabase()
  const { id: tenantId, admin } = await createTenant(db)
  const owner = { tenantId, userId: admin.id }
  const document = async () => (await addDocument(db, { ...owner, pages: ['A page.'] })).id
  const open = async (...documentIds: string[]) =>
    (await openRequiredFields(db, { tenantId, documentIds })).map(
      ({ documentId, templateName, labelName, reason }) => [
        documentIds.indexOf(documentId),
        `${templateName}/${labelName}`,
        reason,
      ],
    )
  return {
    ...{ db, tenantId, document, open },
    template: (name: string, labels: TemplateLabel[]) => addTemplate(db, owner, { name, labels }),
    apply: (templateId: string, documentId: string, templateVersion = 1) =>
      db.insert(templateApplications).values({ ...owner, documentId, templateId, templateVersion }),
    annotate: (documentId: string, labelName: string, fields: Annotation = {}) =>
      db.insert(annotations).values({
        ...{
          tenantId,
          id: uuidv7(),
          documentId,
          page: 1,
          x: 0,
          y: 0,
          width: 1,
          height: 1,
          labelName,
        },
        ...{ createdByUserId: admin.id, updatedByUserId: admin.id, ...fields },
      }),
  }
}

type Owner = { tenantId: string; userId: string }
async function addTemplate(
  db: Db,
  { tenantId, userId }: Owner,
  { name, labels }: { name: string; labels: TemplateLabel[] },
): Promise<string> {
  const id = uuidv7()
  await db.insert(templates).values({ tenantId, id, name, labels, updatedByUserId: userId })
  const first = { tenantId, templateId: id, version: 1, name, labels, userId }
  await db.insert(templateVersions).values(first)
  return id
}

const refused = { validation: 'invalid', validatedAt: new Date() } as const

test.each<[string, Partial<TemplateLabel>, Annotation[], string | null]>([
  ['no region', {}, [], 'missing'],
  ['a deleted region', {}, [{ value: 'x', deletedAt: new Date() }], 'missing'],
  ['a region without a value', {}, [{ value: null }], 'empty'],
  ['nothing but space', {}, [{ value: ' \n\t' }], 'empty'],
  ['a value', {}, [{ value: '0' }], null],
  ['a refused value', {}, [{ value: 'x', ...refused }], 'invalid'],
  ['a refused and a good value', {}, [{ value: 'x', ...refused }, { value: 'y' }], null],
  ['a refused and no value', {}, [{ value: 'x', ...refused }, { value: null }], 'empty'],
  ['another format', { expected_format: '\\d+' }, [{ value: '12a' }], 'format'],
  ['the format', { expected_format: '\\d+' }, [{ value: '12a' }, { value: '12' }], null],
  ['the format, refused', { expected_format: '\\d+' }, [{ value: '1', ...refused }], 'invalid'],
  ['a signature', { type: 'signature' }, [{ value: null }], null],
  ['a checkbox', { type: 'checkbox' }, [{}], null],
  ['a refused signature', { type: 'signature' }, [{ ...refused }], 'invalid'],
  ['nothing where nothing is required', { required: false }, [], null],
])('with %s a field is open for this reason', async (_, fields, regions, reason) => {
  const { document, template, apply, annotate, open } = await setup()
  const id = await document()
  await apply(await template('Invoice', [required('total', fields)]), id)
  for (const region of regions) await annotate(id, 'total', region)
  expect(await open(id)).toEqual(reason === null ? [] : [[0, 'Invoice/total', reason]])
})

test('of many documents each lacks what the templates applied to it require, in their order', async () => {
  const { document, template, apply, annotate, open } = await setup()
  const documents = [await document(), await document(), await document()].sort()
  const [first = '', second = '', third = ''] = documents
  const receipt = await template('Receipt', [required('shop')])
  const invoice = await template('Invoice', [required('total'), required('date')])
  await apply(receipt, first)
  await apply(invoice, first)
  await apply(invoice, second)
  await annotate(second, 'date', { value: 'today' })
  await annotate(third, 'total')
  expect(await open(first, second, third)).toEqual([
    [0, 'Invoice/total', 'missing'],
    [0, 'Invoice/date', 'missing'],
    [0, 'Receipt/shop', 'missing'],
    [1, 'Invoice/total', 'missing'],
  ])
  expect(await open()).toEqual([])
})

test('what counts is the version that was applied, not the newest', async () => {
  const { db, tenantId, document, template, apply, open } = await setup()
  const id = await document()
  const templateId = await template('Invoice', [required('total')])
  await apply(templateId, id)
  const mine = and(eq(templates.tenantId, tenantId), eq(templates.id, templateId))
  await db.update(templates).set({ labels: [], version: 2 }).where(mine)
  expect(await open(id)).toEqual([[0, 'Invoice/total', 'missing']])
})
