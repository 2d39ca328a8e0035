import { expect, test } from 'vitest'
import { moveDocument } from '../../domain/documents/trash.ts'
import { createApp } from '../../functions/documents/index.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { maintain } from './maintenance.ts'

async function withTrashed() {
  const bundle = await setup(createApp)
  const { db, deps, clock, tenant, post, get, logLines } = bundle
  const { id } = await bodyOf<{ id: string }>(await post('/v1/documents', 'to be thrown away'))
  const move = { tenantId: tenant.id, id, isTrashed: true, at: clock.now() }
  await db.transaction((tx) => moveDocument(tx, move))
  clock.advance(31 * 24 * 3_600_000)
  const stop = new AbortController()
  const run = (trashDays: number) => {
    const { signal } = stop
    const others = { filesAfterMs: 0, pageImages: { bytesMax: 1_000_000, days: 30 } }
    const ended = maintain({ ...deps, signal, historyDays: 30, trashDays, ...others })
    return async () => {
      stop.abort()
      await ended
    }
  }
  const isThere = async () => (await get(`/v1/documents/${id}`)).status === 200
  // The last of what one round does, whatever the order: with it, the trash has had its turn.
  const hasLooked = () => logLines.some(({ message }) => message.startsWith('Stored files were'))
  return { run, isThere, hasLooked }
}

test('the worker deletes what has been in the trash for longer than the setting says', async () => {
  const { run, isThere } = await withTrashed()
  const end = run(30)
  await eventually('the document is gone', async () => !(await isThere()))
  await end()
})

test.each([0, 32])('with %i days the worker leaves it there', async (days) => {
  const { run, isThere, hasLooked } = await withTrashed()
  const end = run(days)
  await eventually('maintenance has looked at all', async () => hasLooked())
  await end()
  expect(await isThere()).toBe(true)
})
