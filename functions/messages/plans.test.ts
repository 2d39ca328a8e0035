import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { type AddedChannel, addChannel } from '../../test/fixtures/channels.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { bodyOf, type Requests, requestsOf } from '../../test/harness/requests.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { setup } from '../../test/harness/setup.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { createApp } from './index.ts'

const messageCount = 20_000
const tables = ['messages', 'message_mentions', 'message_reactions', 'message_attachments', 'users']

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
  const members = { [ada.id]: 'member', [tenant.admin.id]: 'member' } as const
  channel = await addChannel(db, { tenantId: tenant.id, members })
  const { deps } = await setup(createApp)
  requests = requestsOf(createApp({ ...deps, db }), tenant)
  for (let time = 0; time < 8; time += 1) await everything()
  await fill()
})

/** Of a busy channel: two who speak in turn, a mention, an answer, a sign and a deleted one every hundred messages. */
async function fill(): Promise<void> {
  const { db } = database
  const at = sql`tenant_id = ${tenant.id} and channel_id = ${channel.id}`
  await db.execute(sql`delete from messages where ${at}`)
  await db.execute(sql`
    insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at, deleted_at,
      reply_to_seq)
    select ${tenant.id}, gen_random_uuid(), ${channel.id}, n,
      case when n % 2 = 0 then ${ada.id}::uuid else ${tenant.admin.id}::uuid end, 'A', '', now(),
      case when n % 100 = 0 then now() end, case when n % 100 = 1 and n > 1 then 1 end
    from generate_series(1, ${messageCount}) n`)
  await db.execute(sql`
    insert into message_mentions (tenant_id, user_id, channel_id, seq)
    select ${tenant.id}, ${ada.id}, ${channel.id}, n from generate_series(1, ${messageCount}, 100) n`)
  await db.execute(sql`
    insert into message_reactions (tenant_id, message_id, emoji, user_id, at)
    select ${tenant.id}, id, '👍', ${ada.id}, now() from messages where ${at} and seq % 100 = 2`)
  await db.execute(sql`update channel_heads set message_seq = ${messageCount} where ${at}`)
  await mark(messageCount - 200)
}

const mark = (seq: number): Promise<unknown> =>
  database.db.execute(sql`update channel_members set read_seq = ${seq}
    where tenant_id = ${tenant.id} and channel_id = ${channel.id}`)

const list = async (query: string): Promise<object[]> => {
  const path = `/?channel_id=${channel.id}${query}`
  const reply = await requests.get(path, { headers: ada.auth })
  expect(reply.status).toBe(200)
  return (await bodyOf<{ items: object[] }>(reply)).items
}
const unread = async (): Promise<{ items: object[] }> =>
  bodyOf(await requests.get('/unread', { headers: ada.auth }))
const say = async (text: string): Promise<void> => {
  const body = { channel_id: channel.id, text }
  expect((await requests.post('/', body, { headers: ada.auth })).status).toBe(201)
}

const starts = [
  ['the newest page', ''],
  ['a page of the middle', '&before_seq=10000'],
  ['what came after', '&after_seq=10000'],
  ['what stands around', '&around_seq=10000'],
] as const

async function everything(): Promise<void> {
  for (const [, query] of starts) await list(query)
  await list(`&author_id=${ada.id}`)
  await list('&reply_to_seq=1')
  await list('&has_attachment=true')
  await unread()
  await say(`<@${tenant.admin.id}> and @nobody`)
}

const read = (work: () => Promise<unknown>) => rowsRead(database.db, tables, work)

test.each(starts)(
  'with plans made on empty tables %s reads the rows of a page',
  async (_, query) => {
    expect(await read(async () => expect(await list(query)).toHaveLength(20))).toBeLessThan(200)
  },
)

test.each([
  ['one author', 'author_id', 20],
  ['the answers to a message', 'reply_to_seq', 20],
  ['messages with documents', 'has_attachment', 0],
])(
  'with plans made on empty tables the list of %s reads the rows of a page',
  async (_, name, count) => {
    const value = { author_id: ada.id, reply_to_seq: '1', has_attachment: 'true' }[name]
    const query = `&${name}=${value}`
    expect(await read(async () => expect(await list(query)).toHaveLength(count))).toBeLessThan(200)
  },
)

test('with plans made on empty tables counting what is unread reads what came since, not the channel', async () => {
  const count = await read(async () => {
    expect(await unread()).toMatchObject({ items: [{ unread_count: 100, mention_count: 2 }] })
  })
  expect(count).toBeLessThan(400)
})

test('with plans made on empty tables a post reads neither the channel nor the people', async () => {
  expect(await read(() => say(`<@${tenant.admin.id}> and @nobody`))).toBeLessThan(50)
})

test('with plans made on empty tables the keys of an answer and of mentions find their message by its number', async () => {
  const body = { channel_id: channel.id, text: `<@${tenant.admin.id}>`, reply_to_seq: 10_000 }
  const count = await blocksRead(async () => {
    expect((await requests.post('/', body, { headers: ada.auth })).status).toBe(201)
  })
  expect(count).toBeLessThan(60)
})

/** Blocks of the indexes of messages that were read meanwhile: rows do not tell what a scan of an index passes over. */
async function blocksRead(work: () => Promise<unknown>): Promise<number> {
  const count = async () => {
    await database.db.execute(sql`select pg_stat_force_next_flush()`)
    const [row] = await database.db.execute<{ count: number }>(sql`
      select sum(idx_blks_hit + idx_blks_read)::int as count from pg_statio_user_tables where relname = 'messages'`)
    return row?.count ?? 0
  }
  const before = await count()
  await work()
  return (await count()) - before
}
