import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import {
  documentPages,
  documents,
  suggestions,
  type TemplateLabel,
  templates,
  templateVersions,
} from '../../db/schema/index.ts'
import { addDocument, typedWords } from '../../test/harness/documents.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { openRequiredFields } from '../annotations/required-fields.ts'
import { packWords } from '../documents/words.ts'
import { applyTemplate, DocumentMissing, DocumentNotRead, TemplateMissing } from './apply.ts'
import { ApplicationTooLarge } from './looking-work.ts'

// Typed by the harness: a character is 0.01 wide, a line 0.02 high.
const invoice = 'Invoice R-42\nTotal 12.50 EUR'
const numberBox = [0.08, 0, 0.04, 0.02]
const totalBox = [0.06, 0.02, 0.05, 0.02]

const label = (name: string, fields: Partial<TemplateLabel> = {}): TemplateLabel => ({
  ...{ name, type: 'text', colour: '#1f77b4', hotkey: null, required: false },
  ...{ expected_format: null, places: [], ...fields },
})

async function setup({ labels, pages }: { labels: TemplateLabel[]; pages: string[] }) {
  const { db } = await openTestDatabase()
  const { id: tenantId, admin } = await createTenant(db)
  const userId = admin.id
  const { id: documentId } = await addDocument(db, { tenantId, userId, pages })
  const templateId = uuidv7()
  const content = { tenantId, name: 'Invoice', labels }
  await db.insert(templates).values({ ...content, id: templateId, updatedByUserId: userId })
  await db.insert(templateVersions).values({ ...content, templateId, version: 1, userId })
  const ids = { tenantId, templateId, documentId, userId, at: new Date() }
  const apply = (other: Partial<typeof ids> = {}) =>
    db.transaction((tx) => applyTemplate(tx, { ...ids, ...other }))
  const suggested = async () => {
    const mine = and(eq(suggestions.tenantId, tenantId), eq(suggestions.documentId, documentId))
    const rows = await db.select().from(suggestions).where(mine).orderBy(suggestions.id)
    return rows.map(({ labelName, page, value }) => [labelName, page, value])
  }
  return { db, ids, apply, suggested }
}

test('the places of labels are suggested with the words that stand there', async () => {
  const { apply, suggested } = await setup({
    pages: [invoice, invoice],
    labels: [
      label('number', { places: [{ page: 1, box: numberBox }] }),
      label('total', { type: 'number', places: [{ page: 2, box: totalBox }] }),
      label('blank', { places: [{ page: 1, box: [0.5, 0.5, 0.1, 0.1] }] }),
      label('stamp', { type: 'image', places: [{ page: 1, box: numberBox }] }),
      label('anywhere'),
      label('beyond', { places: [{ page: 3, box: numberBox }] }),
    ],
  })
  expect(await apply()).toMatchObject({ suggestions: 4, templateVersion: 1, isFirst: true })
  expect(await suggested()).toEqual([
    ['number', 1, 'R-42'],
    ['blank', 1, null],
    ['stamp', 1, null],
    ['total', 2, '12.50'],
  ])
})

test('a place on any page is suggested where words of its format stand, and on every page without a value to read', async () => {
  const { apply, suggested } = await setup({
    pages: [invoice, 'Terms and conditions', ''],
    labels: [
      label('number', { expected_format: 'R-\\d+', places: [{ page: null, box: numberBox }] }),
      label('heading', { places: [{ page: null, box: [0, 0, 0.3, 0.02] }] }),
      label('sign', { type: 'signature', places: [{ page: null, box: [0.5, 0.9, 0.4, 0.1] }] }),
    ],
  })
  await apply()
  expect(await suggested()).toEqual([
    ['number', 1, 'R-42'],
    ['heading', 1, 'Invoice R-42'],
    ['sign', 1, null],
    ['heading', 2, 'Terms and conditions'],
    ['sign', 2, null],
    ['sign', 3, null],
  ])
})

test('applied again, also by many at once, it makes nothing twice', async () => {
  const { apply, suggested } = await setup({
    pages: [invoice],
    labels: [label('number', { places: [{ page: 1, box: numberBox }] })],
  })
  const replies = await Promise.all(Array.from({ length: 8 }, () => apply()))
  expect(replies.map(({ suggestions: count }) => count).sort()).toEqual([0, 0, 0, 0, 0, 0, 0, 1])
  expect(replies.filter(({ isFirst }) => isFirst)).toHaveLength(1)
  expect(await apply()).toMatchObject({ suggestions: 0, existing: 1, isFirst: false })
  expect(await suggested()).toHaveLength(1)
})

test('applied again after a page could be read, it fills in what stands there, and nothing else', async () => {
  const places = [{ page: 1, box: numberBox }]
  const labels = [label('number', { places }), label('stamp', { type: 'image', places })]
  const { db, ids, apply, suggested } = await setup({ pages: [''], labels })
  const readAs = (text: string) =>
    db
      .update(documentPages)
      .set({ text, words: packWords(typedWords(text)) })
      .where(
        and(eq(documentPages.tenantId, ids.tenantId), eq(documentPages.documentId, ids.documentId)),
      )
  const valueAfter = async (text: string) => {
    await readAs(text)
    await apply()
    return suggested()
  }
  expect(await valueAfter('')).toEqual([
    ['number', 1, null],
    ['stamp', 1, null],
  ])
  const filled = [
    ['number', 1, 'R-42'],
    ['stamp', 1, null],
  ]
  expect(await valueAfter(invoice)).toEqual(filled)
  expect(await valueAfter('Invoice R-43')).toEqual(filled)
})

test('a document of more pages than are read at once gets all its suggestions', async () => {
  const { apply } = await setup({
    pages: Array.from({ length: 120 }, () => invoice),
    labels: [label('number', { places: [{ page: null, box: numberBox }] })],
  })
  expect(await apply()).toMatchObject({ suggestions: 120 })
})

test('what is not there, not read, or too much is told apart', async () => {
  const places = Array.from({ length: 50 }, (_, index) => ({
    ...{ page: null, box: [0, index / 50, 0.5, 0.02] },
  }))
  const labels = Array.from({ length: 200 }, (_, index) =>
    label(`mark ${index}`, { type: 'checkbox', places }),
  )
  const { db, ids, apply, suggested } = await setup({ pages: ['One.', 'Two.'], labels })
  await expect(apply({ templateId: uuidv7() })).rejects.toThrow(TemplateMissing)
  await expect(apply({ documentId: uuidv7() })).rejects.toThrow(DocumentMissing)
  await expect(apply()).rejects.toThrow(ApplicationTooLarge)
  const mine = and(eq(documents.tenantId, ids.tenantId), eq(documents.id, ids.documentId))
  await db.update(documents).set({ trashedAt: new Date() }).where(mine)
  await expect(apply()).rejects.toThrow(DocumentMissing)
  const failed = { status: 'failed', failureCode: 'damaged', trashedAt: null } as const
  await db.update(documents).set(failed).where(mine)
  await expect(apply()).rejects.toThrow(DocumentNotRead)
  await db.update(documents).set({ status: 'processing', failureCode: null }).where(mine)
  await expect(apply()).rejects.toThrow(DocumentNotRead)
  expect(await suggested()).toEqual([])
  const required = { tenantId: ids.tenantId, documentIds: [ids.documentId] }
  expect(await openRequiredFields(db, required)).toEqual([])
})

test('formats that take too long end the application, and others run meanwhile', async () => {
  const line = 'some words '.repeat(80)
  const places = Array.from({ length: 50 }, () => ({ page: null, box: [0, 0, 1, 1] }))
  const slow = { places, expected_format: '(?:[a-z ]*){450}X' }
  const labels = Array.from({ length: 4 }, (_, index) => label(`slow ${index}`, slow))
  const { apply, suggested } = await setup({ pages: [line], labels })
  let breaths = 0
  const breathing = setInterval(() => {
    breaths += 1
  }, 1)
  await expect(apply()).rejects.toThrow(ApplicationTooLarge)
  clearInterval(breathing)
  expect(breaths).toBeGreaterThan(10)
  expect(await suggested()).toEqual([])
})
