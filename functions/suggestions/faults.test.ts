import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotations } from '../../db/schema/index.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { type Suggestion, suggesting } from '../../test/fixtures/suggesting.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('a suggestion whose acceptance was cut off half-way is open, and is accepted once', async () => {
  const { db, suggest, post, get, tenant } = await suggesting()
  const { id } = await suggest()
  const accept = () => post(`/${id}/accept`)
  const made = () => db.$count(annotations, sql`tenant_id = ${tenant.id}`)
  expect((await cutOff(db, 'annotation_versions', accept)).status).toBe(503)
  expect(await made()).toBe(0)
  expect(await bodyOf<Suggestion>(await get(`/${id}`))).toMatchObject({ state: 'open' })
  expect((await accept()).status).toBe(201)
  expect(await made()).toBe(1)
})

test('a list of suggestions that was cut off half-way left nothing, and comes in whole the next time', async () => {
  const { db, post, region, list } = await suggesting()
  const suggestions = [region, { ...region, page: 2 }]
  const send = () => post('/bulk', { suggestions })
  expect((await cutOff(db, 'suggestions', send)).status).toBe(503)
  expect(await list()).toEqual([])
  expect((await send()).status).toBe(200)
  expect(await list()).toHaveLength(2)
})
