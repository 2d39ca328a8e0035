import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { annotations } from '../../db/schema/index.ts'
import { type Suggestion, suggesting } from '../../test/fixtures/suggesting.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

/** Sends a request that gets as far as writing to `table`, and there loses its connection. */
async function cutOff(db: Db, table: string, send: () => Promise<Response>): Promise<Response> {
  const gate = Promise.withResolvers<void>()
  const isHeld = Promise.withResolvers<void>()
  const holder = db.transaction(async (tx) => {
    await tx.execute(sql.raw(`lock table ${table} in share mode`))
    isHeld.resolve()
    await gate.promise
  })
  await isHeld.promise
  const reply = send()
  const ended = await eventually('a statement that waits for the lock', async () => {
    const [row] = await db.execute<{ isEnded: boolean }>(sql`
      select pg_terminate_backend(pid) as "isEnded" from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' limit 1`)
    return row?.isEnded
  })
  expect(ended).toBe(true)
  const outcome = await reply
  gate.resolve()
  await holder
  return outcome
}

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
