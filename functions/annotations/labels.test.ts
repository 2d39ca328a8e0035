import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { type TemplateLabel, templates } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Verdict = { status: string; errors?: unknown[] }

test('with a template an unknown label is refused with the one that was meant', async () => {
  const { db, tenant, post } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.'] })
  const region = { document_id: documentId, page: 1, box: [0.1, 0.2, 0.3, 0.05] }
  const line = (fields: object = {}) => ({ ...region, label_name: 'total', ...fields })
  const headers = { 'content-type': 'application/x-ndjson' }
  const id = uuidv7()
  const labels = ['invoice_number', 'total'].map((name) => ({ name }) as TemplateLabel)
  const values = { tenantId: tenant.id, id, name: 'Invoice', labels, updatedByUserId: id }
  await db.insert(templates).values(values)
  const lines = [line(), line({ label_name: 'totl' }), line({ label_name: 'zzzzzzzz' })]
  const text = lines.map((one) => JSON.stringify(one)).join('\n')
  const reply = await post(`/bulk?template_id=${id}`, text, { headers })
  const verdicts: Verdict[] = (await reply.text())
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one))
  expect(verdicts.map(({ status }) => status)).toEqual(['created', 'refused', 'refused'])
  expect(verdicts[1]?.errors).toEqual([
    {
      ...{ pointer: '/label_name', code: 'unknown_label', hint: 'Did you mean "total"?' },
      detail: 'The template "Invoice" has no label "totl".',
    },
  ])
  const single = await post('/', line({ label_name: 'totl', template_id: id }))
  expect(single.status).toBe(422)
  expect(await bodyOf(single)).toMatchObject({ errors: [{ hint: 'Did you mean "total"?' }] })
  expect((await post('/', line({ template_id: id }))).status).toBe(201)
  const unknown = await post(`/bulk?template_id=${uuidv7()}`, JSON.stringify(line()), { headers })
  expect(unknown.status).toBe(422)
})
