import { expect, test } from 'vitest'
import { completeDocument, type UploadedDocument } from '../../test/harness/documents.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

const pdf = (text = 'hello') => new TextEncoder().encode(`%PDF-1.7\n${text}\n%%EOF\n`)

test('an uploaded file is accepted, named, and its pages can be read once they are there', async () => {
  const { post, get, db, tenant, storage } = await setup(createApp)
  const response = await post('/v1/documents?filename=a.pdf', pdf())
  const document = await bodyOf<UploadedDocument>(response)
  expect(document).toMatchObject({ status: 'pending', filename: 'a.pdf', kind: 'pdf' })
  expect(response.status).toBe(202)
  expect(response.headers.get('location')).toBe(`/v1/documents/${document.id}`)
  expect(storage.objects.size).toBe(1)
  await completeDocument(db, { tenantId: tenant.id, document, pages: ['one two', 'three'] })
  const read = await bodyOf(await get(`/v1/documents/${document.id}`))
  expect(read).toMatchObject({
    status: 'completed',
    page_count: 2,
    progress: { done: 2, total: 2 },
  })
  const page = await bodyOf(await get(`/v1/documents/${document.id}/pages/2`))
  expect(page).toMatchObject({ number: 2, text: 'three', width_points: 612, rotation: 0 })
  const words = await bodyOf<{ items: { text: string }[] }>(
    await get(`/v1/documents/${document.id}/pages/1/words`),
  )
  expect(words.items.map((word) => word.text)).toEqual(['one', 'two'])
  expect(await (await get(`/v1/documents/${document.id}/text`)).text()).toBe('one two\fthree')
})
