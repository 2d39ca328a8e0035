import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { type AddedChannel, addChannel } from '../../test/fixtures/channels.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const channelCount = 4_000
const messageCount = 4_000
const tables = [
  ...['channels', 'channel_heads', 'channel_members', 'channel_invites', 'channel_events'],
  ...['messages', 'message_mentions', 'users'],
]

let database: Database
let tenant: TestTenant
let channel: AddedChannel
let ada: Member
let requests: Requests

// On one connection, whose plans are then those that were made while the tables were empty.
beforeAll(async () => {
  database = await openFirstPlans()
  const { db } = database
  tenant = await createTenant(db)
  ada = await addMember(db, tenant.id, { role: 'viewer' })
  const members = { [ada.id]: 'owner', [tenant.admin.id]: 'member' } as const
  channel = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db }), tenant)
  for (let time = 0; time < 8; time += 1)
    for (const [path] of reads) expect((await read(path)).status, path).toBe(200)
  await fill()
})

/** Many channels that one is not in, and a busy one that one is in. */
async function fill(): Promise<void> {
  const { db } = database
  const here = sql`${tenant.id}, ${channel.id}`
  await db.execute(sql`insert into channels (tenant_id, id, kind, name, created_by_user_id)
    select ${tenant.id}, gen_random_uuid(), case n % 2 when 0 then 'public' else 'private' end, 'c' || n, ${ada.id}
    from generate_series(1, ${channelCount}) n`)
  await db.execute(sql`insert into channel_heads (tenant_id, channel_id)
    select tenant_id, id from channels where tenant_id = ${tenant.id} and id <> ${channel.id}`)
  await db.execute(sql`insert into channel_members (tenant_id, channel_id, user_id, role)
    select tenant_id, id, ${tenant.admin.id}, 'owner' from channels
    where tenant_id = ${tenant.id} and id <> ${channel.id}`)
  await db.execute(sql`
    insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at, deleted_at)
    select ${tenant.id}, gen_random_uuid(), ${channel.id}, n, ${tenant.admin.id}, 'A', '', now(),
      case when n % 500 = 0 then now() end
    from generate_series(1, ${messageCount}) n`)
  await db.execute(sql`
    insert into channel_events (tenant_id, channel_id, seq, type, subject_id, at)
    select ${here}, n, 'message.created', ${channel.id}, now() from generate_series(1, ${messageCount}) n`)
  await db.execute(sql`
    update channel_heads set message_seq = ${messageCount}, event_seq = ${messageCount}
    where tenant_id = ${tenant.id} and channel_id = ${channel.id}`)
}

const read = (path: string) => requests.get(path.replace(':id', channel.id), { headers: ada.auth })

// Rows that a request may read, of the thousands that are there: a page's and a few to find them.
const reads: [string, number][] = [
  ['?member=me', 100],
  ['?limit=20', 600],
  ['/:id', 20],
  ['/:id/standing', 60],
  ['/:id/members', 60],
  ['/:id/invites', 60],
  ['/:id/events?after=3900', 60],
]

test.each(reads)('GET %s reads at most %i rows, whatever there is', async (path, rowsMax) => {
  const { db } = database
  await read(path)
  const count = await rowsRead(db, tables, () => read(path))
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThan(rowsMax)
})
