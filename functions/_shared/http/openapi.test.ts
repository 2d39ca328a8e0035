import { expect, test, vi } from 'vitest'
import { setup } from '../../../test/harness/setup.ts'
import { openApiDocument } from './openapi.ts'
import { createWidgets } from './widgets.fixture.ts'

vi.mock('./openapi.ts', { spy: true })

test('the document is made once, and its readers count for their address', async () => {
  const { get } = await setup(createWidgets(), { limits: { address: 2 } })
  const statuses = []
  for (let i = 0; i < 3; i++) statuses.push((await get('/openapi.json', { as: 'nobody' })).status)
  expect(statuses).toEqual([200, 200, 429])
  expect(openApiDocument).toHaveBeenCalledTimes(1)
})
