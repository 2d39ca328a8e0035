import { expect, test } from 'vitest'
import { DatabaseUnavailable } from '../../db/errors.ts'
import { noTraces, uploadTraces } from '../../test/harness/documents.ts'
import { setup } from '../../test/harness/setup.ts'
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
