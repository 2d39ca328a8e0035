import { expect, test } from 'vitest'
import { DatabaseUnavailable } from '../../db/errors.ts'
import { noTraces, uploadTraces } from '../../test/harness/documents.ts'
import { setup } from '../../test/harness/setup.ts'
import { AppError } from '../_shared/http/problems.ts'
import { createApp } from './index.ts'

/** An upload whose transaction ends with `err`. */
async function failedUpload(err: unknown) {
  const { deps, db, tenant, storage, logLines } = await setup(createApp)
  const transaction = () => Promise.reject(err)
  const failing = createApp({ ...deps, db: Object.assign(Object.create(deps.db), { transaction }) })
  const headers = { authorization: `Bearer ${tenant.keys.editor}` }
  const init = { method: 'POST', body: 'x', headers }
  const response = await failing.fetch(new Request('http://octavo.test/v1/documents', init))
  const traces = await uploadTraces(db, { tenantId: tenant.id, objects: storage.objects })
  return { status: response.status, traces, log: JSON.stringify(logLines) }
}

const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })

test.each([
  ['fails', new Error('no room for the rows'), 500],
  ['finds no connection', new DatabaseUnavailable('POOL_WAIT', 'no connection'), 503],
  ['cannot reach the database', refused, 503],
])('when the transaction %s, the stored file goes too', async (_, err, wanted) => {
  const { status, traces } = await failedUpload(err)
  expect(status).toBe(wanted)
  expect(traces).toEqual(noTraces)
})

test.each([
  ['the connection is lost', new DatabaseUnavailable('TRANSACTION_LOST', 'lost')],
  ['no answer comes', new DatabaseUnavailable('DEADLINE', 'silence')],
])('when %s at the commit, the file stays, because its rows may be there', async (_, err) => {
  const { status, traces, log } = await failedUpload(err)
  expect(status).toBe(503)
  expect(traces.objects).toBe(1)
  expect(log).toContain('cut off at its commit')
})

test('an upload that the storage does not even begin to read lets go of its body', async () => {
  const { deps, tenant, storage } = await setup(createApp)
  const put = () => Promise.reject(new AppError('unavailable', 'The disk is full.'))
  const app = createApp({ ...deps, storage: { ...storage, put } })
  const cancelled = Promise.withResolvers<void>()
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1_000).fill(65)),
    cancel: () => cancelled.resolve(),
  })
  const headers = { authorization: `Bearer ${tenant.keys.editor}` }
  const init = { method: 'POST', body, headers, duplex: 'half' as const }
  const response = await app.fetch(new Request('http://octavo.test/v1/documents', init))
  expect(response.status).toBe(503)
  await cancelled.promise
})
