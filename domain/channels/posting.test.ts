import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import type { MemberRole } from '../../db/schema/index.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { addMember } from '../../test/harness/members.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { type NewPost, type PostOutcome, postMessages } from './posting.ts'
import { batchPosts } from './posting-batch.ts'

/** A channel with one member of each role, and what is in it. */
async function talking(roles: readonly MemberRole[] = ['member', 'member', 'observer']) {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const people = await Promise.all(
    roles.map((role) =>
      addMember(db, tenant.id, { role: 'viewer' }).then(({ id }) => ({ id, role })),
    ),
  )
  const members = Object.fromEntries(people.map(({ id, role }) => [id, role]))
  const channel = await addChannel(db, { tenantId: tenant.id, members })
  const place = { tenantId: tenant.id, channelId: channel.id }
  const by = (index: number, text: string, more: Partial<NewPost> = {}): NewPost => ({
    ...{ userId: people[index]?.id ?? '', role: 'viewer', kind: 'text', text },
    ...{ replyToSeq: null, documentIds: [], ...more },
  })
  const rows = <T extends Record<string, unknown>>(columns: string, table: string) =>
    db.execute<T>(sql`select ${sql.raw(columns)} from ${sql.raw(table)}
      where tenant_id = ${tenant.id} and channel_id = ${channel.id} order by seq`)
  return { db, tenant, channel, place, people, by, rows, now: () => new Date() }
}

const seqOf = ({ message }: PostOutcome) => message?.seq ?? null
const transactions = async (db: Db, channelId: string, tenantId: string) =>
  db.execute(sql`select distinct xmin::text from messages
    where tenant_id = ${tenantId} and channel_id = ${channelId}`)

test('posts of one turn of the event loop are one transaction, gapless in their order', async () => {
  const { db, place, by, rows, now } = await talking()
  const post = batchPosts(db, { now })
  const asked = Array.from({ length: 40 }, (_, index) => post(place, by(index % 2, `${index}`)))
  expect((await Promise.all(asked)).map(seqOf)).toEqual(Array.from(asked, (_, index) => index + 1))
  expect(await rows('text', 'messages')).toEqual(Array.from(asked, (_, n) => ({ text: `${n}` })))
  expect(await transactions(db, place.channelId, place.tenantId)).toHaveLength(1)
  const events = await rows<{ seq: string; data: object }>('seq, data', 'channel_events')
  expect(events.map(({ seq, data }) => [Number(seq), Reflect.get(data, 'message_seq')])).toEqual(
    Array.from(asked, (_, index) => [index + 1, index + 1]),
  )
})

test('each post has its own outcome: what one may not do fails nobody else', async () => {
  const { db, place, by, rows, now, tenant } = await talking()
  const post = batchPosts(db, { now })
  const stranger = await addMember(db, tenant.id, { role: 'viewer' })
  const outcomes = await Promise.all([
    post(place, by(0, 'first')),
    post(place, by(0, 'answers nothing', { replyToSeq: 99 })),
    post(place, by(2, 'observers only read')),
    post(place, by(0, 'not in it', { userId: stranger.id })),
    post(place, by(0, 'not to be found', { userId: stranger.id, role: 'guest' })),
    post(place, by(1, 'shows nothing', { documentIds: [tenant.id] })),
    post(place, by(1, 'second')),
  ])
  const reasons = outcomes.map(({ refusal }) => refusal?.reason ?? null)
  const refused = ['unknown_reply', 'observer', 'not_member', 'not_found', 'unknown_document']
  expect(reasons).toEqual([null, ...refused, null])
  expect(await rows('seq::int, text', 'messages')).toEqual([
    { seq: 1, text: 'first' },
    { seq: 2, text: 'second' },
  ])
})

test('a post that the database refuses fails alone, with those of its batch posted', async () => {
  const { db, place, by, rows, now } = await talking()
  const post = batchPosts(db, { now })
  const outcomes = await Promise.allSettled([
    post(place, by(0, 'before')),
    post(place, by(0, 'x'.repeat(8_001))),
    post(place, by(1, 'after')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await rows('seq::int, text', 'messages')).toEqual([
    { seq: 1, text: 'before' },
    { seq: 2, text: 'after' },
  ])
})

test('posts beyond those that may wait are refused, each of them told, and the others posted', async () => {
  const { db, place, by, rows, now } = await talking()
  const post = batchPosts(db, { now, waitingMax: 3 })
  const asked = [1, 2, 3, 4, 5].map((number) => post(place, by(0, `${number}`)))
  const outcomes = await Promise.allSettled(asked)
  const told = outcomes.map((each) => (each.status === 'rejected' ? each.reason.code : each.status))
  expect(told).toEqual([...Array(3).fill('fulfilled'), 'POOL_FULL', 'POOL_FULL'])
  expect(await rows('text', 'messages')).toHaveLength(3)
  expect((await post(place, by(0, 'again'))).message?.seq).toBe(4)
})

test('authors have read what they wrote, and who writes as an admin is a member from then on', async () => {
  const { db, tenant, channel, place, by } = await talking()
  const admin = by(0, 'as an admin', { userId: tenant.admin.id, role: 'admin' })
  await db.transaction((tx) =>
    postMessages(tx, { ...place, at: new Date() }, [by(0, 'one'), by(0, 'two'), admin]),
  )
  const markers = await db.execute(sql`select read_seq::int as read, role from channel_members
    where tenant_id = ${tenant.id} and channel_id = ${channel.id} and read_seq > 0 order by read_seq`)
  expect(markers).toEqual([
    { read: 2, role: 'member' },
    { read: 3, role: 'member' },
  ])
})

test('people are named by nickname, display name and id, each once, and only who can see the channel', async () => {
  const { db, tenant, channel, place, by, people } = await talking()
  const [ada, bob, guest] = await Promise.all([
    addMember(db, tenant.id, { role: 'viewer' }),
    addMember(db, tenant.id, { role: 'viewer' }),
    addMember(db, tenant.id, { role: 'guest' }),
  ])
  await joinChannel(db, channel, { userId: ada.id, nickname: 'Ada.L' })
  await db.execute(sql`update users set display_name = 'Bob Bauer'
    where tenant_id = ${tenant.id} and id = ${bob.id}`)
  const text = `@ada.l. and @"bob bauer", <@${people[0]?.id}> and <@${guest.id}>; \`@ada.l\` ada@ada.l @nobody`
  const [outcome] = await db.transaction((tx) =>
    postMessages(tx, { ...place, at: new Date() }, [by(0, text)]),
  )
  const named = outcome?.message?.mentions.map(({ userId }) => userId) ?? []
  expect(new Set(named)).toEqual(new Set([ada.id, bob.id, people[0]?.id]))
  expect(named).toHaveLength(3)
  expect(outcome?.message?.mentionsAll).toBe(false)
})
