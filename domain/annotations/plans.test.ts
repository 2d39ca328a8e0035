import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { templateApplications, templates, templateVersions } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { openRequiredFields } from './required-fields.ts'
import { findAnnotated, findNear } from './suggestions-near.ts'

const documentCount = 20
const rowsEach = 500

/** On one connection, whose plans are then those that were prepared on empty tables. */
async function setup(prepare: (db: Db, ids: { tenantId: string; id: string }) => Promise<unknown>) {
  const database = await openFirstPlans()
  const { db } = database
  const { id: tenantId, admin } = await createTenant(db)
  const by = { tenantId, userId: admin.id }
  await db.execute(sql`vacuum (analyze) annotations, suggestions, template_applications`)
  // From the sixth run on the server keeps one plan for all values.
  for (let run = 0; run < 8; run += 1) await prepare(db, { tenantId, id: uuidv7() })
  const ids: string[] = []
  for (let count = 0; count < documentCount; count += 1)
    ids.push((await addDocument(db, { ...by, pages: ['A page.'] })).id)
  await db.execute(sql`
    insert into annotations (tenant_id, id, document_id, page, x, y, width, height, label_name, value,
      created_by_user_id, updated_by_user_id)
    select tenant_id, gen_random_uuid(), id, 1, 0, i / 1000.0, 0.5, 0.0005, 'label ' || i % 10, 'value',
      user_id, user_id from documents, generate_series(1, ${rowsEach}::int) i where tenant_id = ${tenantId}`)
  await db.execute(sql`
    insert into suggestions (tenant_id, id, document_id, page, x, y, width, height, label_name, source,
      created_by_user_id)
    select tenant_id, gen_random_uuid(), id, 1, 0, i / 1000.0, 0.5, 0.0005, 'label ' || i % 10, 'model',
      user_id from documents, generate_series(1, ${rowsEach}::int) i where tenant_id = ${tenantId}`)
  return { db, by, ids }
}

test('asking for open fields, planned on empty tables, reads the annotations of those documents alone, once', async () => {
  const { db, by, ids } = await setup((empty, { tenantId, id }) =>
    openRequiredFields(empty, { tenantId, documentIds: [id] }),
  )
  const required = { type: 'text' as const, colour: '#000000', hotkey: null, required: true }
  const labels = Array.from({ length: 10 }, (_, index) => ({
    ...{ ...required, name: `label ${index}`, expected_format: '\\d+', places: [] },
  }))
  const [templateId, content] = [uuidv7(), { tenantId: by.tenantId, name: 'Invoice', labels }]
  await db.insert(templates).values({ ...content, id: templateId, updatedByUserId: by.userId })
  await db.insert(templateVersions).values({ ...content, ...by, templateId, version: 1 })
  await db
    .insert(templateApplications)
    .values(ids.map((documentId) => ({ ...by, documentId, templateId, templateVersion: 1 })))
  const documentIds = ids.slice(0, 4)
  const read = await rowsRead(db, ['annotations'], async () => {
    const open = await openRequiredFields(db, { tenantId: by.tenantId, documentIds })
    expect(open).toHaveLength(40)
  })
  expect(read).toBe(documentIds.length * rowsEach)
})

test('looking for known regions, planned on empty tables, reads the pages of those regions alone, once', async () => {
  const region = (documentId: string, index: number) => ({
    ...{ documentId, page: 1, rotation: 0, labelName: `label ${index % 10}` },
    box: [0, index / 1000, 0.5, 0.0005] as const,
  })
  const { db, by, ids } = await setup((empty, { tenantId, id }) =>
    empty.transaction(async (tx) => {
      await findNear(tx, tenantId, [region(id, 1)])
      await findAnnotated(tx, tenantId, [region(id, 1)])
    }),
  )
  const regions = ids
    .slice(0, 2)
    .flatMap((id) => Array.from({ length: rowsEach }, (_, index) => region(id, index + 1)))
  for (const table of ['suggestions', 'annotations']) {
    const read = await rowsRead(db, [table], async () => {
      const near = await db.transaction((tx) => findNear(tx, by.tenantId, regions))
      expect(near.filter((one) => one?.state === 'open' && one.annotationId)).toHaveLength(1_000)
    })
    expect(read).toBe(2 * rowsEach)
  }
  const read = await rowsRead(db, ['annotations'], async () => {
    const isAnnotated = await findAnnotated(db, by.tenantId, regions)
    expect(isAnnotated.filter(Boolean)).toHaveLength(1_000)
  })
  expect(read).toBe(2 * rowsEach)
})
