import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { talking } from '../fixtures/talking.ts'
import { testDatabase } from '../harness/database.ts'
import { ChatLoad, expectWhole } from './messages.ts'

const lanes = 16
const cuts = 20
const betweenMs = 60

test('connections that are cut under load leave no gap, no half message, and all that was acknowledged', async () => {
  const { db, post, by, ada, bob, channel } = await talking({
    config: { deps: { now: () => new Date() } },
  })
  const send = (body: object, headers: Record<string, string>) => post('/', body, by(ada, headers))
  const load = new ChatLoad(send, { channelId: channel.id, namedId: bob.id, lanes })
  for (let cut = 0; cut < cuts; cut += 1) {
    await pause(betweenMs)
    await db
      .execute(sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
      .catch(() => null)
  }
  await load.stop()
  const place = { tenantId: channel.tenantId, channelId: channel.id }
  const { url } = await testDatabase()
  const count = await expectWhole(url, place, load)
  console.log(
    `cuts=${cuts} acknowledged=${load.acknowledged.size} said=${count} failed=${load.failures}`,
  )
  expect(load.acknowledged.size).toBeGreaterThan(cuts)
  expect(load.failures).toBeGreaterThan(0)
})
