import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Places = { tenant_name: string; time: string }

test('each tenant reads its own name and the time', async () => {
  const { get, tenant, otherTenant, clock } = await setup(createApp)
  const response = await get('/', { as: 'viewer' })
  expect(response.status).toBe(200)
  expect(await bodyOf<Places>(response)).toEqual({
    tenant_name: tenant.name,
    time: clock.now().toISOString(),
  })
  const other = await bodyOf<Places>(await otherTenant.get('/'))
  expect(other.tenant_name).toBe(otherTenant.name)
})

test('nobody reads without a key, and a key for uploads is refused', async () => {
  const { get } = await setup(createApp)
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
  expect((await get('/', { as: 'ingest' })).status).toBe(403)
})
