import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelMembers, channels, documents, type MemberRole } from '../../db/schema/index.ts'
import { type Artifact, artifactWorld } from '../../test/fixtures/artifacts.ts'
import { addChannel, addMessage, joinChannel } from '../../test/fixtures/channels.ts'
import { streamOf } from '../../test/fixtures/generating.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const unknownId = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'

/** A private channel of a member, a moderator, an observer and a guest; a stranger is an editor outside. */
async function channelWorld() {
  const world = await artifactWorld()
  const { db, tenant } = world
  const tenantId = tenant.id
  const add = (role: 'editor' | 'viewer' | 'guest') => addMember(db, tenantId, { role })
  const [member, moderator, observer, guest, stranger] = [
    ...[await add('viewer'), await add('viewer'), await add('viewer')],
    ...[await add('guest'), await add('editor')],
  ]
  if (!member || !moderator || !observer || !guest || !stranger) throw new Error('nobody')
  const roles: Record<string, MemberRole> = { [member.id]: 'member', [guest.id]: 'member' }
  roles[moderator.id] = 'moderator'
  roles[observer.id] = 'observer'
  const channel = await addChannel(db, { tenantId, kind: 'private', members: roles })
  const as = (who: { auth: { authorization: string } }) => ({ headers: who.auth })
  const own = await world.create({ content: 'ours', channel_id: channel.id }, as(member))
  return { ...world, member, moderator, observer, guest, stranger, channel, as, own }
}

test('to who is not in a private channel, its artifacts are not there, admins included', async () => {
  const world = await channelWorld()
  const { get, patch, post, del, own, stranger, as } = world
  const ask = [
    (id: string, options: object) => get(`/${id}`, options),
    (id: string, options: object) => get(`/${id}/versions`, options),
    (id: string, options: object) => get(`/${id}/versions/1`, options),
    (id: string, options: object) => get(`/${id}/versions/1/content`, options),
    (id: string, options: object) => get(`/${id}/versions/1/stream`, options),
    (id: string, options: object) => patch(`/${id}`, { title: 'Mine' }, options),
    (id: string, options: object) => post(`/${id}/versions`, { content: 'x' }, options),
    (id: string, options: object) => post(`/${id}/revert`, { number: 1 }, options),
    (id: string, options: object) => post(`/${id}/versions/1/cancel`, undefined, options),
    (id: string, options: object) => del(`/${id}`, options),
  ]
  for (const [index, send] of ask.entries())
    for (const options of [as(stranger), { as: 'admin' }]) {
      const refusals = [await send(own.id, options), await send(unknownId, options)]
      expect(refusals[0]?.status, String(index)).toBe(404)
      expect(await refusalOf(refusals[0] as Response)).toEqual(
        await refusalOf(refusals[1] as Response),
      )
    }
})

test('lists show what is in the channels of the reader, and another’s channel is not there', async () => {
  const { get, own, member, guest, stranger, channel, as, create } = await channelWorld()
  const open = await create({ content: 'all' })
  const ids = async (who: { auth: { authorization: string } }, query = '') =>
    (await bodyOf<{ items: Artifact[] }>(await get(`/${query}`, as(who)))).items.map(({ id }) => id)
  expect(await ids(member)).toEqual([open.id, own.id])
  expect(await ids(stranger)).toEqual([open.id])
  expect(await ids(guest)).toEqual([own.id])
  expect(await ids(member, `?channel_id=${channel.id}`)).toEqual([own.id])
  const refusals = await Promise.all(
    [channel.id, unknownId].map((id) => get(`/?channel_id=${id}`, as(stranger))),
  )
  expect(refusals.map(({ status }) => status)).toEqual([404, 404])
})

test('members write in their channel, guests too; observers read', async () => {
  const { post, get, own, observer, guest, channel, as } = await channelWorld()
  const fields = { title: 'A', content: 'x', channel_id: channel.id }
  expect((await post('/', fields, as(guest))).status).toBe(201)
  expect((await post('/', fields, as(observer))).status).toBe(403)
  expect((await get(`/${own.id}`, as(observer))).status).toBe(200)
  expect((await post(`/${own.id}/versions`, { content: 'y' }, as(observer))).status).toBe(403)
  expect((await post(`/${own.id}/versions`, { content: 'y' }, as(guest))).status).toBe(201)
  expect((await post('/', { title: 'A', content: 'x' }, as(guest))).status).toBe(403)
})

test('a moderator deletes what another made, a member what is their own', async () => {
  const { del, own, guest, moderator, member, channel, as, create } = await channelWorld()
  expect((await del(`/${own.id}`, as(guest))).status).toBe(403)
  expect((await del(`/${own.id}`, as(moderator))).status).toBe(204)
  const again = await create({ content: 'x', channel_id: channel.id }, as(member))
  expect((await del(`/${again.id}`, as(member))).status).toBe(204)
})

test('in an archived channel nothing is written, and everything is read', async () => {
  const { get, post, patch, del, append, create, own, member, channel, as, db, tenant } =
    await channelWorld()
  const open = await create({ channel_id: channel.id }, as(member))
  await db
    .update(channels)
    .set({ archivedAt: new Date() })
    .where(and(eq(channels.tenantId, tenant.id), eq(channels.id, channel.id)))
  const refused = [
    await post('/', { title: 'A', content: 'x', channel_id: channel.id }, as(member)),
    await post(`/${own.id}/versions`, { content: 'x' }, as(member)),
    await patch(`/${own.id}`, { title: 'B' }, as(member)),
    await append(open.id, 'x', { offset: 0, options: as(member) }),
    await del(`/${own.id}`, as(member)),
  ]
  expect(refused.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409])
  expect((await get(`/${own.id}/versions/1/content`, as(member))).status).toBe(200)
})

test('what is of a message is in its channel, and of no other', async () => {
  const { post, get, own: _, member, stranger, channel, as, db, tenant } = await channelWorld()
  const message = await addMessage(db, channel, { userId: member.id })
  const other = await addChannel(db, { tenantId: tenant.id, members: { [member.id]: 'owner' } })
  const make = (fields: object, who = member) =>
    post('/', { title: 'A', content: 'x', ...fields }, as(who))
  const made = await make({ message_id: message.id })
  expect((await bodyOf<Artifact>(made)).channel_id).toBe(channel.id)
  const listed = await get(`/?message_id=${message.id}`, as(member))
  expect((await bodyOf<{ items: unknown[] }>(listed)).items).toHaveLength(1)
  expect((await make({ message_id: message.id, channel_id: other.id })).status).toBe(422)
  const refusals = [
    await make({ message_id: message.id }, stranger),
    await make({ message_id: unknownId }, stranger),
  ]
  expect(refusals.map(({ status }) => status)).toEqual([404, 404])
})

test('a guest does not learn which documents there are', async () => {
  const { post, guest, channel, as, db, tenant } = await channelWorld()
  const document = await addDocument(db, {
    ...{ tenantId: tenant.id, userId: tenant.admin.id, pages: ['a'] },
  })
  const fields = { title: 'A', content: 'x', channel_id: channel.id }
  const refusals = await Promise.all(
    [document.id, unknownId].map((id) => post('/', { ...fields, document_id: id }, as(guest))),
  )
  expect(await refusalOf(refusals[0] as Response)).toEqual(await refusalOf(refusals[1] as Response))
})

test('of a document in the trash nothing is written, and everything is read', async () => {
  const { create, post, get, db, tenant } = await artifactWorld()
  const tenantId = tenant.id
  const document = await addDocument(db, { tenantId, userId: tenant.admin.id, pages: ['a'] })
  const { id } = await create({ content: 'x', document_id: document.id })
  await db
    .update(documents)
    .set({ trashedAt: new Date() })
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, document.id)))
  expect((await post(`/${id}/versions`, { content: 'y' })).status).toBe(409)
  const fields = { title: 'A', content: 'x', document_id: document.id }
  expect((await post('/', fields)).status).toBe(409)
  expect((await get(`/${id}/versions/1/content`)).status).toBe(200)
})

test('who is taken out of the channel sees no more of a stream', async () => {
  const { create, append, get, guest, member, channel, as, db, tenant } = await channelWorld()
  const { id } = await create({ channel_id: channel.id }, as(member))
  await append(id, 'before ', { offset: 0, options: as(member) })
  const reader = streamOf(await get(`/${id}/versions/1/stream`, as(guest)))
  expect((await reader.until('piece')).data.text).toBe('before ')
  const membership = [
    eq(channelMembers.tenantId, tenant.id),
    eq(channelMembers.channelId, channel.id),
  ]
  await db.delete(channelMembers).where(and(...membership, eq(channelMembers.userId, guest.id)))
  await append(id, 'after', { offset: 7, options: as(member) })
  expect(await reader.all()).toEqual([])
})

test('a public channel is read by all but guests, and written in by who joined', async () => {
  const { create, get, post, db, tenant, stranger, guest, as } = await channelWorld()
  const open = await addChannel(db, { tenantId: tenant.id })
  const { id } = await create({ content: 'x', channel_id: open.id })
  expect((await get(`/${id}`, as(stranger))).status).toBe(200)
  expect((await get(`/${id}`, as(guest))).status).toBe(404)
  const write = () => post(`/${id}/versions`, { content: 'y' }, as(stranger))
  expect((await write()).status).toBe(403)
  await joinChannel(db, open, { userId: stranger.id })
  expect((await write()).status).toBe(201)
})
