import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, channelEvents, channels } from '../../db/schema/index.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { type Channel, type People, withPeople } from '../../test/fixtures/people.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const unknownId = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'
type Standing = Record<string, unknown> & { id: string; unread_count: number }
type Listed = { items: Standing[]; next_cursor: string | null }

const idsOf = ({ items }: Listed) => items.map(({ id }) => id)
const typesOf = async ({ db, tenant }: People, channelId: string) =>
  (
    await db
      .select({ type: channelEvents.type })
      .from(channelEvents)
      .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channelId)))
      .orderBy(channelEvents.seq)
  ).map(({ type }) => type)

test('whoever makes a channel owns it, and it is told in its order', async () => {
  const people = await withPeople()
  const [ada, bob] = [await people.person(), await people.person()]
  const reply = await ada.post('/', { name: 'Invoices', topic: 'new', user_ids: [bob.id] })
  expect(reply.status).toBe(201)
  const channel = await bodyOf<Channel>(reply)
  expect(reply.headers.get('location')).toBe(`/v1/channels/${channel.id}`)
  expect(reply.headers.get('etag')).toBe('"v1"')
  expect(channel).toMatchObject({ kind: 'public', name: 'Invoices', topic: 'new', user_ids: null })
  const standing = await bodyOf(await ada.get(`/${channel.id}/standing`))
  expect(standing).toMatchObject({ my_role: 'owner', unread_count: 0, last_event_seq: 3 })
  expect(await bodyOf(await bob.get(`/${channel.id}/standing`))).toMatchObject({
    my_role: 'member',
  })
  expect(await typesOf(people, channel.id)).toEqual([
    'channel.created',
    'member.joined',
    'member.joined',
  ])
})

test('a name is taken among public channels alone, in capitals or not', async () => {
  const { admin, person, make } = await withPeople()
  const ada = await person()
  await make(ada, { name: 'secret' })
  expect((await admin.post('/', { kind: 'public', name: 'Secret' })).status).toBe(201)
  expect((await ada.post('/', { kind: 'public', name: 'SECRET' })).status).toBe(409)
})

test.each([
  [{ kind: 'public' }, '/name'],
  [{ kind: 'direct', name: 'x', user_ids: [unknownId] }, '/name'],
  [{ kind: 'direct' }, '/user_ids'],
  [{ kind: 'direct', user_ids: [] }, '/user_ids'],
  [{ kind: 'direct', user_ids: [unknownId] }, '/user_ids/0'],
  [{ kind: 'private', name: 'x', user_ids: [unknownId] }, '/user_ids/0'],
  [{ kind: 'document' }, '/document_id'],
  [{ kind: 'document', document_id: unknownId }, '/document_id'],
  [{ kind: 'public', name: 'a\nb' }, '/name'],
])('%j cannot be made: %s is wrong', async (fields, pointer) => {
  const { admin } = await withPeople()
  const reply = await admin.post('/', fields)
  expect(reply.status).toBe(422)
  expect(await bodyOf(reply)).toMatchObject({ errors: [{ pointer }] })
})

test('a direct channel is of two to eight', async () => {
  const { admin, person } = await withPeople()
  const ids = await Promise.all(Array.from({ length: 8 }, async () => (await person()).id))
  const direct = (user_ids: string[]) => admin.post('/', { kind: 'direct', user_ids })
  expect((await direct([admin.id])).status).toBe(422)
  expect((await direct(ids)).status).toBe(422)
  expect((await direct(ids.slice(1))).status).toBe(201)
})

test('the same people get the same direct channel, whoever asks and in whatever order', async () => {
  const { db, tenant, person } = await withPeople()
  const [ada, bob, eve] = [await person(), await person(), await person()]
  const first = await ada.post('/', { kind: 'direct', user_ids: [eve.id, bob.id] })
  const again = await bob.post('/', { kind: 'direct', user_ids: [ada.id, bob.id, eve.id, ada.id] })
  expect([first.status, again.status]).toEqual([201, 200])
  const channel = await bodyOf<Channel>(first)
  expect(await bodyOf(again)).toEqual(channel)
  expect(channel).toMatchObject({ name: null, user_ids: [ada.id, bob.id, eve.id].sort() })
  expect(await db.$count(channels, eq(channels.tenantId, tenant.id))).toBe(1)
})

test('of many who ask for the same direct channel at once all get the one that one of them made', async () => {
  const { person } = await withPeople()
  const [ada, bob] = [await person(), await person()]
  const asked = Array.from({ length: 8 }, (_, index) =>
    index % 2 === 0
      ? ada.post('/', { kind: 'direct', user_ids: [bob.id] })
      : bob.post('/', { kind: 'direct', user_ids: [ada.id] }),
  )
  const replies = await Promise.all(asked)
  expect(replies.map(({ status }) => status).sort()).toEqual([...Array(7).fill(200), 201])
  const ids = await Promise.all(replies.map(async (reply) => (await bodyOf<Channel>(reply)).id))
  expect(new Set(ids).size).toBe(1)
  expect((await bodyOf<Listed>(await bob.get('?member=me'))).items).toHaveLength(1)
})

test('a document has one channel, called as its file; none is made for one in the trash', async () => {
  const { db, tenant, admin, person } = await withPeople()
  const fields = { tenantId: tenant.id, userId: admin.id, pages: ['one'], filename: 'a.pdf' }
  const [document, trashed] = [await addDocument(db, fields), await addDocument(db, fields)]
  const ada = await person()
  const of = (id: string) => ({ kind: 'document', document_id: id })
  const replies = await Promise.all([
    ada.post('/', of(document.id)),
    admin.post('/', of(document.id)),
  ])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 201])
  const [one, other] = await Promise.all(replies.map((reply) => bodyOf<Channel>(reply)))
  expect(one).toEqual(other)
  expect(one).toMatchObject({ name: 'a.pdf', document_id: document.id })
  await db.transaction((tx) =>
    moveDocument(tx, { tenantId: tenant.id, id: trashed.id, isTrashed: true, at: new Date() }),
  )
  expect((await ada.post('/', of(trashed.id))).status).toBe(409)
})

test('the list shows what one sees with what is unread, page by page, and filters', async () => {
  const people = await withPeople()
  const { db, tenant, admin, person, make } = people
  const [ada, bob] = [await person(), await person()]
  const secret = await make(ada, { name: 'Secret plans', user_ids: [bob.id] })
  const open = await make(admin, { kind: 'public', name: 'open' })
  const direct = await make(ada, { kind: 'direct', name: undefined, user_ids: [bob.id] })
  const at = { tenantId: tenant.id, id: secret.id, name: null }
  await addMessage(db, at, { userId: ada.id, mentions: [bob.id] })
  await addMessage(db, at, { userId: ada.id })
  const list = async (query: string, who = bob) => bodyOf<Listed>(await who.get(`?${query}`))
  expect(idsOf(await list(''))).toEqual([secret.id, open.id, direct.id])
  expect(idsOf(await list('', admin))).toEqual([open.id])
  expect(idsOf(await list('member=me'))).toEqual([secret.id, direct.id])
  expect(idsOf(await list('kind=direct'))).toEqual([direct.id])
  expect(idsOf(await list('name=PLAN'))).toEqual([secret.id])
  expect((await list('')).items[0]).toMatchObject({
    ...{ my_role: 'member', unread_count: 2, mention_count: 1, read_seq: 0 },
    ...{ last_message_seq: 2, last_event_seq: 3 },
  })
  expect((await list('')).items[1]).toMatchObject({ my_role: null, unread_count: 0 })
  const first = await list('limit=2')
  expect(idsOf(first)).toEqual([secret.id, open.id])
  expect(idsOf(await list(`limit=2&cursor=${first.next_cursor}`))).toEqual([direct.id])
  expect((await ada.get(`?limit=2&cursor=${first.next_cursor}`)).status).toBe(400)
  await admin.post(`/${open.id}/archive`)
  expect(idsOf(await list('archived=true'))).toEqual([open.id])
  expect(idsOf(await list('archived=false'))).toEqual([secret.id, direct.id])
})

test('owners and moderators change name and topic, each change once', async () => {
  const people = await withPeople()
  const { db, tenant, person } = people
  const [owner, moderator, member] = [await person(), await person(), await person()]
  const members = {
    [owner.id]: 'owner',
    [moderator.id]: 'moderator',
    [member.id]: 'member',
  } as const
  const { id } = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  expect((await member.patch(`/${id}`, { topic: 'mine' })).status).toBe(403)
  const stale = { 'if-match': '"v9"' }
  expect((await moderator.patch(`/${id}`, { topic: 'new' }, stale)).status).toBe(412)
  const changed = await moderator.patch(`/${id}`, { topic: 'new' }, { 'if-match': '"v1"' })
  expect(changed.headers.get('etag')).toBe('"v2"')
  expect(await bodyOf(await owner.patch(`/${id}`, { topic: 'new' }))).toMatchObject({ version: 2 })
  expect(await typesOf(people, id)).toEqual(['channel.changed'])
  const unchanged = await member.get(`/${id}`, { 'if-none-match': '"v2"' })
  expect(unchanged.status).toBe(304)
})

test('owners alone open a private channel to all, and close a public one to its members', async () => {
  const { db, tenant, admin, person } = await withPeople()
  const [owner, moderator, stranger] = [await person(), await person(), await person()]
  const members = { [owner.id]: 'owner', [moderator.id]: 'moderator' } as const
  const { id } = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  expect((await moderator.patch(`/${id}`, { kind: 'public' })).status).toBe(403)
  expect((await stranger.get(`/${id}`)).status).toBe(404)
  expect((await owner.patch(`/${id}`, { kind: 'public' })).status).toBe(200)
  expect((await stranger.get(`/${id}`)).status).toBe(200)
  // An admin who is not in it would see it no more.
  expect((await admin.patch(`/${id}`, { kind: 'private' })).status).toBe(409)
  expect((await owner.patch(`/${id}`, { kind: 'private' })).status).toBe(200)
  expect((await stranger.get(`/${id}`)).status).toBe(404)
})

test('an archived channel is read and not changed, until it takes changes again', async () => {
  const people = await withPeople()
  const { person, make } = people
  const owner = await person()
  const { id } = await make(owner)
  for (const _ of [1, 2]) {
    const reply = await owner.post(`/${id}/archive`)
    expect(await bodyOf(reply)).toMatchObject({ version: 2, archived_at: expect.any(String) })
  }
  expect((await owner.get(`/${id}`)).status).toBe(200)
  expect((await owner.patch(`/${id}`, { topic: 'new' })).status).toBe(409)
  const back = await owner.post(`/${id}/unarchive`)
  expect(await bodyOf(back)).toMatchObject({ version: 3, archived_at: null })
  expect((await owner.patch(`/${id}`, { topic: 'new' })).status).toBe(200)
  const told = (await typesOf(people, id)).slice(2)
  expect(told).toEqual(['channel.archived', 'channel.unarchived', 'channel.changed'])
})

test('owners delete a channel with all that was said, and the audit keeps that they did', async () => {
  const { db, tenant, person } = await withPeople()
  const [owner, moderator] = [await person(), await person()]
  const members = { [owner.id]: 'owner', [moderator.id]: 'moderator' } as const
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  const { seq } = await addMessage(db, channel, { userId: owner.id })
  await addMessage(db, channel, { userId: owner.id, replyToSeq: seq })
  expect((await moderator.del(`/${channel.id}`)).status).toBe(403)
  expect((await owner.del(`/${channel.id}`, { 'if-match': '"v9"' })).status).toBe(412)
  expect((await owner.del(`/${channel.id}`)).status).toBe(204)
  expect(await refusalOf(await owner.del(`/${channel.id}`))).toEqual(
    await refusalOf(await owner.del(`/${unknownId}`)),
  )
  const ofChannel = and(eq(auditLog.tenantId, tenant.id), eq(auditLog.subjectId, channel.id))
  const rows = await db.select().from(auditLog).where(ofChannel)
  expect(rows).toMatchObject([
    { action: 'channel.deleted', actorUserId: owner.id, detail: { kind: 'private', messages: 2 } },
  ])
})

test('a repeated POST with one Idempotency-Key makes one channel', async () => {
  const { admin } = await withPeople()
  const send = () => admin.post('/', { name: 'once' }, { 'idempotency-key': 'the-same' })
  const [first, again] = [await send(), await send()]
  expect([first.status, again.status]).toEqual([201, 201])
  expect(await bodyOf(again)).toEqual(await bodyOf(first))
})
