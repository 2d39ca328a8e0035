import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelEvents, channels, users } from '../../db/schema/index.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { type Message, talking } from '../../test/fixtures/talking.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Problem = { code: string; hint?: string; errors?: { pointer: string }[] }

test('a message is there with its seq, author and place, and can be read where it says', async () => {
  const { ask, ada, bob, get, by } = await talking()
  const reply = await ask(ada, 'Good morning')
  const message = await bodyOf<Message>(reply)
  expect(reply.status).toBe(201)
  expect(message).toMatchObject({ seq: 1, author_id: ada.id, text: 'Good morning', version: 1 })
  const location = reply.headers.get('location') ?? ''
  expect(location).toBe(`/v1/messages/${message.id}`)
  const found = await get(location, by(bob))
  expect(found.headers.get('etag')).toBe(reply.headers.get('etag'))
  expect(await bodyOf<Message>(found)).toEqual(message)
  expect((await get(location, by(bob, { 'if-none-match': '"v1"' }))).status).toBe(304)
})

test('a repeated post with the same Idempotency-Key says it once', async () => {
  const { post, channel, ada, by, history } = await talking()
  const send = () =>
    post('/', { channel_id: channel.id, text: 'once' }, by(ada, { 'idempotency-key': 'one' }))
  const [first, second] = [await send(), await send()]
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await second.json()).toEqual(await first.json())
  expect((await history(ada)).items).toHaveLength(1)
})

test('observers, and who has not joined a public channel, read and do not write', async () => {
  const { ask, observer, stranger, history } = await talking({ kind: 'public' })
  for (const who of [observer, stranger]) {
    const reply = await ask(who, 'let me in')
    expect(reply.status).toBe(403)
    expect((await bodyOf<Problem>(reply)).hint).toBeTruthy()
    expect((await history(who)).items).toEqual([])
  }
})

test('nobody writes in an archived channel, and everything in it can be read', async () => {
  const { ask, say, ada, db, channel, history, put, patch, del, by } = await talking()
  const { id } = await say(ada, 'before')
  await db
    .update(channels)
    .set({ archivedAt: new Date() })
    .where(sql`tenant_id = ${channel.tenantId} and id = ${channel.id}`)
  const replies = [
    await ask(ada, 'after'),
    await patch(`/${id}`, { text: 'other' }, by(ada)),
    await put(`/${id}/reactions/👍`, undefined, by(ada)),
    await del(`/${id}`, by(ada)),
  ]
  expect(replies.map(({ status }) => status)).toEqual([409, 409, 409, 409])
  expect((await history(ada)).items).toMatchObject([{ text: 'before', reactions: [] }])
  const marked = await put('/read', { channel_id: channel.id, seq: 0 }, by(ada))
  expect(marked.status).toBe(200)
})

test("a document's channel is read and written by who reads documents, and only read while it is in the trash", async () => {
  const { db, tenant, ...rest } = await talking()
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['A page.'] })
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'document', documentId })
  const send = (who: typeof rest.ada) =>
    rest.post('/', { channel_id: channel.id, text: 'On page 1' }, rest.by(who))
  expect((await send(rest.stranger)).status).toBe(201)
  expect((await send(rest.guest)).status).toBe(404)
  await db.transaction((tx) =>
    moveDocument(tx, { tenantId: tenant.id, id: documentId, isTrashed: true, at: new Date() }),
  )
  expect((await send(rest.stranger)).status).toBe(409)
  const list = await rest.get(`/?channel_id=${channel.id}`, rest.by(rest.ada))
  expect((await bodyOf<{ items: object[] }>(list)).items).toHaveLength(1)
})

test('whoever is not in a private channel gets the 404 of an unknown one everywhere, admins too', async () => {
  const bench = await talking()
  const { say, ada, stranger, guest: _, get, put, post, patch, del, by, channel, tenant } = bench
  const { id } = await say(ada, 'among us')
  const unknown = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'
  const admin = { auth: { authorization: `Bearer ${tenant.keys.admin}` } }
  for (const who of [stranger, await bench.person('guest'), admin]) {
    const asked = (channelId: string, messageId: string) => [
      get(`/?channel_id=${channelId}`, by(who)),
      post('/', { channel_id: channelId, text: 'hello' }, by(who)),
      put('/read', { channel_id: channelId, seq: 0 }, by(who)),
      get(`/${messageId}`, by(who)),
      get(`/${messageId}/versions`, by(who)),
      get(`/${messageId}/reactions`, by(who)),
      get(`/${messageId}/attachments/${messageId}/content`, by(who)),
      patch(`/${messageId}`, { text: 'mine' }, by(who)),
      put(`/${messageId}/reactions/👍`, undefined, by(who)),
      del(`/${messageId}/reactions/👍`, by(who)),
      del(`/${messageId}`, by(who)),
    ]
    const refused = async (replies: Promise<Response>[]) =>
      Promise.all((await Promise.all(replies)).map(refusalOf))
    const hidden = await refused(asked(channel.id, id))
    expect(hidden).toEqual(await refused(asked(unknown, unknown)))
    expect(hidden.map((each) => (each as { status: number }).status)).toEqual(Array(11).fill(404))
  }
})

test('people whom an edit does not name any more are named no longer, and its earlier text stays readable', async () => {
  const { say, patch, get, by, ada, bob, owner, unread, db, channel } = await talking()
  const { id: userId } = await addMember(db, channel.tenantId, { role: 'viewer' })
  await joinChannel(db, channel, { userId, nickname: 'cleo' })
  const { id, mentions } = await say(ada, `<@${bob.id}> and @cleo`)
  expect(mentions).toHaveLength(2)
  expect(await unread(bob)).toMatchObject({ unread_count: 1, mention_count: 1 })
  const changed = await patch(`/${id}`, { text: `<@${owner.id}> instead` }, by(ada))
  expect(changed.headers.get('etag')).toBe('"v2"')
  const shown = await bodyOf<Message>(changed)
  expect(shown.mentions.map(({ user_id }) => user_id)).toEqual([owner.id])
  expect(shown.edited_at).not.toBeNull()
  expect(await unread(bob)).toMatchObject({ unread_count: 1, mention_count: 0 })
  expect(await unread(owner)).toMatchObject({ mention_count: 1 })
  const { items } = await bodyOf<{ items: object[] }>(await get(`/${id}/versions`, by(bob)))
  expect(items).toMatchObject([
    { number: 2, text: `<@${owner.id}> instead` },
    { number: 1, text: `<@${bob.id}> and @cleo` },
  ])
})

test('only its author changes a message, and a stale change is refused', async () => {
  const { say, patch, by, ada, bob, owner } = await talking()
  const { id } = await say(ada, 'first')
  for (const who of [bob, owner])
    expect((await patch(`/${id}`, { text: 'mine' }, by(who))).status).toBe(403)
  const stale = by(ada, { 'if-match': '"v7"' })
  expect((await patch(`/${id}`, { text: 'second' }, stale)).status).toBe(412)
  const same = await patch(`/${id}`, { text: 'first' }, by(ada))
  expect((await bodyOf<Message>(same)).version).toBe(1)
  expect((await patch(`/${id}`, { text: '   ' }, by(ada))).status).toBe(422)
})

test('of two edits at once that have read the same version one wins, and without one both are kept', async () => {
  const { say, patch, get, by, ada } = await talking()
  const { id } = await say(ada, 'zero')
  const edit = (text: string, headers = {}) => patch(`/${id}`, { text }, by(ada, headers))
  const race = [edit('one', { 'if-match': '"v1"' }), edit('two', { 'if-match': '"v1"' })]
  expect((await Promise.all(race)).map(({ status }) => status).sort()).toEqual([200, 412])
  await Promise.all([edit('three'), edit('four')])
  const { items } = await bodyOf<{ items: { number: number; text: string }[] }>(
    await get(`/${id}/versions`, by(ada)),
  )
  expect(items.map(({ number }) => number)).toEqual([4, 3, 2, 1])
  expect(new Set(items.slice(0, 2).map(({ text }) => text))).toEqual(new Set(['three', 'four']))
})

test('a deleted message keeps its place and nothing else, for its author and who moderates', async () => {
  const { say, del, put, get, patch, by, ada, bob, owner, history, read, unread } = await talking()
  const first = await say(ada, `<@${bob.id}> look @all`)
  const second = await say(ada, 'next', { reply_to_seq: 1 })
  await put(`/${first.id}/reactions/👍`, undefined, by(bob))
  await patch(`/${first.id}`, { text: `<@${bob.id}> look again @all` }, by(ada))
  expect((await del(`/${first.id}`, by(bob))).status).toBe(403)
  expect((await del(`/${first.id}`, by(ada))).status).toBe(204)
  expect((await del(`/${first.id}`, by(ada))).status).toBe(204)
  const gone = await read(bob, first.id)
  expect(gone).toMatchObject({ seq: 1, deleted: true, text: '', mentions: [], reactions: [] })
  expect(gone).toMatchObject({ mentions_all: false, attachments: [], author_id: ada.id })
  expect(await bodyOf(await get(`/${first.id}/versions`, by(bob)))).toMatchObject({ items: [] })
  expect(await unread(bob)).toMatchObject({ unread_count: 1, mention_count: 0 })
  expect((await patch(`/${first.id}`, { text: 'back' }, by(ada))).status).toBe(409)
  expect((await put(`/${first.id}/reactions/👍`, undefined, by(ada))).status).toBe(409)
  expect((await del(`/${second.id}`, by(owner))).status).toBe(204)
  expect((await history(bob)).items.map(({ seq, deleted }) => [seq, deleted])).toEqual([
    [2, true],
    [1, true],
  ])
})

test('every change appends its event, in the one order of the channel, and none says what was said', async () => {
  const { say, patch, put, del, by, ada, bob, db, channel } = await talking()
  const { id } = await say(ada, 'a secret')
  await patch(`/${id}`, { text: 'another secret' }, by(ada))
  await put(`/${id}/reactions/👍`, undefined, by(bob))
  await put(`/${id}/reactions/👍`, undefined, by(bob))
  await del(`/${id}/reactions/👍`, by(bob))
  await del(`/${id}/reactions/👍`, by(bob))
  await del(`/${id}`, by(ada))
  const rows = await db
    .select()
    .from(channelEvents)
    .where(sql`tenant_id = ${channel.tenantId} and channel_id = ${channel.id}`)
    .orderBy(channelEvents.seq)
  expect(rows.map(({ seq, type, data }) => [seq, type, Reflect.get(data, 'version')])).toEqual([
    [1, 'message.created', 1],
    [2, 'message.edited', 2],
    [3, 'reaction.added', 3],
    [4, 'reaction.removed', 4],
    [5, 'message.deleted', 5],
  ])
  expect(rows.map(({ actorUserId }) => actorUserId)).toEqual([
    ada.id,
    ada.id,
    bob.id,
    bob.id,
    ada.id,
  ])
  expect(JSON.stringify(rows)).not.toContain('secret')
})

test('what somebody said stays said when they are gone, under the name they had', async () => {
  const { say, ada, bob, read, db, tenant } = await talking()
  const { id } = await say(ada, 'I was here')
  await db.delete(users).where(sql`tenant_id = ${tenant.id} and id = ${ada.id}`)
  const shown = await read(bob, id)
  expect(shown).toMatchObject({ author_id: null, author_name: 'A viewer', text: 'I was here' })
})

test('a reply to no message, a text too long, and a message without anything are refused', async () => {
  const { ask, ada, post, by, channel } = await talking()
  const pointers = async (reply: Response) => {
    expect(reply.status).toBe(422)
    return (await bodyOf<Problem>(reply)).errors?.map(({ pointer }) => pointer)
  }
  expect(await pointers(await ask(ada, 'to whom', { reply_to_seq: 1 }))).toEqual(['/reply_to_seq'])
  expect(await pointers(await ask(ada, 'x'.repeat(8_001)))).toEqual(['/text'])
  expect(await pointers(await ask(ada, ' \n '))).toEqual(['/text'])
  expect(await pointers(await ask(ada, 'a', { document_ids: [channel.id] }))).toEqual([
    '/document_ids/0',
  ])
  const twice = { document_ids: [channel.id, channel.id] }
  expect(await pointers(await ask(ada, 'a', twice))).toEqual(['/document_ids'])
  expect((await post('/', { text: 'where' }, by(ada))).status).toBe(422)
})
