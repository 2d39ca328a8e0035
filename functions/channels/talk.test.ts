import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, channelEvents, channelMembers, messageReactions } from '../../db/schema/index.ts'
import { addChannel, addMessage } from '../../test/fixtures/channels.ts'
import { withPeople } from '../../test/fixtures/people.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Event = { seq: number; type: string; data: Record<string, unknown> }
type Listed = { items: Event[]; next_cursor: string | null }
type Line = { type: string; seq?: number; user_id?: string; text?: string }

const linesOf = (text: string): Line[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)

async function talking() {
  const people = await withPeople()
  const { db, tenant } = people
  const [owner, member] = [await people.person(), await people.person()]
  const members = { [owner.id]: 'owner', [member.id]: 'member' } as const
  const channel = await addChannel(db, { tenantId: tenant.id, kind: 'private', members })
  return { ...people, owner, member, channel }
}

test('events are read in their order, page by page, and from any place', async () => {
  const { owner, member, channel } = await talking()
  for (const topic of ['a', 'b', 'c']) await owner.patch(`/${channel.id}`, { topic })
  await owner.patch(`/${channel.id}/members/${member.id}`, { role: 'moderator' })
  const list = async (query: string) =>
    bodyOf<Listed>(await member.get(`/${channel.id}/events?${query}`))
  const first = await list('limit=3')
  expect(first.items.map(({ seq }) => seq)).toEqual([1, 2, 3])
  const rest = await list(`limit=3&cursor=${first.next_cursor}`)
  expect(rest).toMatchObject({
    items: [{ seq: 4, type: 'member.changed', data: { role: 'moderator', version: 2 } }],
    next_cursor: null,
  })
  expect((await list('after=2')).items.map(({ seq }) => seq)).toEqual([3, 4])
  expect((await list('after=4')).items).toEqual([])
  expect((await member.get(`/${channel.id}/events?after=-1`)).status).toBe(422)
  expect((await member.get(`/${channel.id}/events?after=1e15`)).status).toBe(200)
})

test('whatever happens to a channel has a number without a gap, also when it happens at once', async () => {
  const { db, tenant, owner, person, channel } = await talking()
  const others = await Promise.all(Array.from({ length: 6 }, () => person()))
  await Promise.all([
    ...others.map(({ id }) => owner.post(`/${channel.id}/members`, { user_id: id })),
    ...['a', 'b', 'c'].map((topic) => owner.patch(`/${channel.id}`, { topic })),
    owner.post(`/${channel.id}/commands`, { text: '/me waves' }),
  ])
  const rows = await db
    .select({ seq: channelEvents.seq })
    .from(channelEvents)
    .where(and(eq(channelEvents.tenantId, tenant.id), eq(channelEvents.channelId, channel.id)))
    .orderBy(channelEvents.seq)
  expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1))
})

test('an export is the channel, its members and its messages in order, and is audited', async () => {
  const { db, tenant, owner, member, channel } = await talking()
  const { id: messageId } = await addMessage(db, channel, {
    ...{ userId: owner.id, text: 'first "line"\nsecond', mentions: [member.id] },
    at: new Date('2026-11-20T08:00:00.123Z'),
  })
  await addMessage(db, channel, { userId: member.id, replyToSeq: 1, kind: 'action' })
  await addMessage(db, channel, { userId: member.id, isDeleted: true })
  const reaction = { messageId, emoji: '👍', userId: member.id, at: new Date() }
  await db.insert(messageReactions).values({ tenantId: tenant.id, ...reaction })
  const reply = await member.get(`/${channel.id}/export`)
  expect(reply.headers.get('content-type')).toBe('application/x-ndjson')
  const lines = linesOf(await reply.text())
  expect(lines.map(({ type }) => type)).toEqual([
    ...['channel', 'member', 'member'],
    ...['message', 'message', 'message'],
  ])
  expect(lines[0]).toMatchObject({ id: channel.id, kind: 'private' })
  expect(lines.slice(3)).toMatchObject([
    {
      ...{ seq: 1, text: 'first "line"\nsecond', mentions: [member.id], document_ids: [] },
      reactions: [{ emoji: '👍', user_id: member.id }],
      created_at: '2026-11-20T08:00:00.123Z',
    },
    { seq: 2, kind: 'action', reply_to_seq: 1 },
    { seq: 3, text: '', deleted_at: expect.any(String) },
  ])
  const exported = and(eq(auditLog.tenantId, tenant.id), eq(auditLog.subjectId, channel.id))
  expect(await db.select().from(auditLog).where(exported)).toMatchObject([
    { action: 'channel.exported', actorUserId: member.id, detail: { messages: 3 } },
  ])
})

async function sayMany({ db, channel, owner }: Awaited<ReturnType<typeof talking>>, count: number) {
  const { tenantId, id } = channel
  await db.execute(sql`
    insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at)
    select ${tenantId}, gen_random_uuid(), ${id}, n, ${owner.id}, 'A', ${'x'.repeat(1_000)}, now()
    from generate_series(1, ${count}) n`)
  await db.execute(sql`update channel_heads set message_seq = ${count}
    where tenant_id = ${tenantId} and channel_id = ${id}`)
}

test('an export is read as it is written, ends with what was said at its start, and has all of it', async () => {
  const bundle = await talking()
  const { db, member, channel, owner } = bundle
  await sayMany(bundle, 1_020)
  const reply = await member.get(`/${channel.id}/export`)
  await addMessage(db, channel, { userId: owner.id, text: 'too late' })
  const seqs = linesOf(await reply.text()).flatMap(({ seq }) => seq ?? [])
  expect(seqs).toEqual(Array.from({ length: 1_020 }, (_, index) => index + 1))
})

test('whoever is put out of a channel reads its export no further', async () => {
  const bundle = await talking()
  const { db, tenant, member, channel } = bundle
  await sayMany(bundle, 1_020)
  const reply = await member.get(`/${channel.id}/export`)
  const reader = reply.body?.getReader()
  expect(new TextDecoder().decode((await reader?.read())?.value)).toContain('"channel"')
  const them = and(eq(channelMembers.tenantId, tenant.id), eq(channelMembers.userId, member.id))
  await db.delete(channelMembers).where(them)
  const rest = async () => {
    for (;;) if ((await reader?.read())?.done) return
  }
  await expect(rest()).rejects.toThrow('There is nothing here.')
})
