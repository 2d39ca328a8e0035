import { expect, test } from 'vitest'
import { setupAll } from '../../test/contract/functions.ts'
import { completeDocument } from '../../test/harness/documents.ts'
import { bodyOf, type RequestOptions } from '../../test/harness/requests.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { listenToChanges } from '../../test/harness/webhooks.ts'

const bench = await setupAll()
type Made = { id: string; job_id: string; version: number; status: string }

/** A document with one page, of a tenant of its own, and what its webhooks were told behind each change. */
async function world() {
  const tenant = await createTenant(bench.db)
  const headers = { authorization: `Bearer ${tenant.keys.admin}` }
  const send = async (method: string, path: string, body?: object | string, more: object = {}) => {
    const type = typeof body === 'string' ? 'text/plain' : 'application/json'
    const options: RequestOptions = {
      headers: { ...headers, ...(body !== undefined && { 'content-type': type }), ...more },
    }
    const reply = await bench.request(path, {
      ...{ method, ...options },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    expect(reply.ok, `${method} ${path}: ${reply.status}`).toBe(true)
    return reply
  }
  const make = async (path: string, body?: object | string) =>
    bodyOf<Made>(await send('POST', path, body))
  const document = await make('/v1/documents?filename=a.txt', 'One page.')
  await completeDocument(bench.db, { tenantId: tenant.id, document, pages: ['One page.'] })
  const told = await listenToChanges(bench.db, tenant.id)
  let seen = 0
  const news = async () => {
    const all = await told()
    const found = all.slice(seen)
    seen = all.length
    return found
  }
  return { send, make, document, news }
}

const region = (documentId: string) => ({
  ...{ document_id: documentId, page: 1, box: [0.1, 0.1, 0.2, 0.2], label_name: 'total' },
})

test('each change of an annotation is one event, and what changes nothing is none', async () => {
  const { send, make, document, news } = await world()
  const { id } = await make('/v1/annotations', region(document.id))
  const data = { document_id: document.id, page: 1, label_name: 'total' }
  const event = (type: string, version: number, change?: string) => [
    { type, subjectId: id, data: { ...data, version, ...(change && { change }) } },
  ]
  expect(await news()).toEqual(event('annotation.created', 1))
  const path = `/v1/annotations/${id}`
  await send('PATCH', path, { value: '1' }, { 'if-match': '"v1"' })
  expect(await news()).toEqual(event('annotation.changed', 2, 'change'))
  await send('POST', `${path}/validate`, { validation: 'valid' })
  expect(await news()).toEqual(event('annotation.changed', 3, 'validate'))
  await send('DELETE', path)
  expect(await news()).toEqual(event('annotation.deleted', 4))
  await send('POST', `${path}/restore`)
  expect(await news()).toEqual(event('annotation.changed', 5, 'restore'))
  await send('POST', `${path}/restore`)
  expect(await news()).toEqual([])
  await send('POST', `${path}/undo`)
  expect(await news()).toEqual(event('annotation.deleted', 6))
})

test('a suggestion tells nothing, and its acceptance that an annotation was made', async () => {
  const { make, document, news } = await world()
  const { suggestion } = (await make('/v1/suggestions', region(document.id))) as unknown as {
    suggestion: Made
  }
  expect(await news()).toEqual([])
  await make(`/v1/suggestions/${suggestion.id}/accept`, {})
  expect((await news()).map(({ type }) => type)).toEqual(['annotation.created'])
})

test('lines in bulk are one event, and none when nothing came of them', async () => {
  const { send, document, news } = await world()
  const lines = (count: number) =>
    Array(count)
      .fill(JSON.stringify(region(document.id)))
      .join('\n')
  const type = { 'content-type': 'application/x-ndjson' }
  const bulk = async (query: string) =>
    (await send('POST', `/v1/annotations/bulk${query}`, lines(3), type)).text()
  await bulk('')
  const event = { type: 'annotations.imported', subjectId: document.id, data: { count: 3 } }
  expect(await news()).toEqual([event])
  await bulk('?dry_run=true')
  expect(await news()).toEqual([])
})

test('a document that is trashed, restored and deleted is three events', async () => {
  const { send, document, news } = await world()
  const path = `/v1/documents/${document.id}`
  await send('POST', `${path}/trash`)
  await send('POST', `${path}/restore`)
  await send('DELETE', path)
  const types = ['document.trashed', 'document.restored', 'document.deleted']
  expect(await news()).toEqual(types.map((type) => ({ type, subjectId: document.id, data: {} })))
})
