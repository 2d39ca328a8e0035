import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelMembers, channels, documents } from '../../db/schema/index.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { type ShownGame, setupPlaying } from '../../test/fixtures/playing.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { addMember, refusalOf } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Page<T> = { items: T[] }

test('who may not see the channel gets the reply for an unknown game, on every route', async () => {
  const { tenant, db, channel, ada, eve, get, by, begun } = await setupPlaying()
  const guest = await addMember(db, tenant.id, { role: 'guest' })
  const { id } = await begun()
  const unknown = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'
  const actions = ['join', 'leave', 'start', 'resign', 'offer-draw', 'accept-draw']
  const more = ['decline-draw', 'claim-timeout', 'cancel', 'moves']
  for (const who of [eve, guest, { auth: {} }]) {
    const headers = { ...who.auth }
    const options = { headers, as: 'admin' as const }
    for (const path of ['', '/moves', '/snapshot']) {
      const foreign = await refusalOf(await get(`/${id}${path}`, options))
      expect(foreign).toEqual(await refusalOf(await get(`/${unknown}${path}`, options)))
      expect(foreign).toMatchObject({ status: 404 })
    }
  }
  for (const action of [...actions, ...more]) {
    const body = action === 'join' ? {} : action === 'moves' ? { move: {} } : undefined
    const foreign = await refusalOf(await by(eve, `/${id}/${action}`, body))
    expect(foreign).toEqual(await refusalOf(await by(eve, `/${unknown}/${action}`, body)))
    expect(foreign).toMatchObject({ status: 404 })
  }
  const inChannel = { rules: 'reversi', channel_id: channel.id }
  const elsewhere = { rules: 'reversi', channel_id: unknown }
  expect(await refusalOf(await by(eve, '/', inChannel))).toEqual(
    await refusalOf(await by(eve, '/', elsewhere)),
  )
  expect((await get(`/?channel_id=${channel.id}`, { headers: eve.auth })).status).toBe(404)
  const listed = async (headers: Record<string, string>) =>
    (await bodyOf<Page<ShownGame>>(await get('/', { headers }))).items.map((game) => game.id)
  expect(await listed(eve.auth)).toEqual([])
  expect(await listed(ada.auth)).toEqual([id])
  await joinChannel(db, channel, { userId: guest.id })
  expect(await listed(guest.auth)).toEqual([id])
})

test('readers of a channel look on, and do not play', async () => {
  const { db, tenant, channel, begun, by, seenBy, move } = await setupPlaying()
  const zoe = await addMember(db, tenant.id, { role: 'editor' })
  await joinChannel(db, channel, { userId: zoe.id, role: 'observer' })
  const game = await begun()
  expect(await seenBy(zoe, game.id)).toMatchObject({ your_seat: null, legal_moves: [] })
  expect((await move(zoe, game, { square: 'd3' })).status).toBe(403)
  const created = await by(zoe, '/', { channel_id: channel.id, rules: 'reversi' })
  expect(created.status).toBe(403)
})

test('a guest plays in the channel that they were let into, and sees no other', async () => {
  const { db, tenant, channel, ada, by, get, opened, shown, move } = await setupPlaying()
  const guest = await addMember(db, tenant.id, { role: 'guest' })
  await joinChannel(db, channel, { userId: guest.id })
  const { id } = await opened()
  const game = await shown(await by(guest, `/${id}/join`, {}))
  const moved = await shown(await move(ada, game, { square: 'd3' }))
  expect((await move(guest, moved, { square: 'c3' })).status).toBe(200)
  const open = await addChannel(db, { tenantId: tenant.id, members: { [ada.id]: 'owner' } })
  const body = { channel_id: open.id, rules: 'reversi' }
  const elsewhere = await shown(await by(ada, '/', body))
  expect((await get(`/${elsewhere.id}`, { headers: guest.auth })).status).toBe(404)
  expect((await by(guest, '/', body)).status).toBe(404)
})

test('who plays in the channel of a document is a member of it from then on', async () => {
  const { db, tenant, ada, bob, by, shown } = await setupPlaying()
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['A page.'] })
  const { id } = await addChannel(db, { tenantId: tenant.id, kind: 'document', documentId })
  const game = await shown(await by(ada, '/', { channel_id: id, rules: 'reversi' }))
  await shown(await by(bob, `/${game.id}/join`, {}))
  const members = await db
    .select({ userId: channelMembers.userId })
    .from(channelMembers)
    .where(and(eq(channelMembers.tenantId, tenant.id), eq(channelMembers.channelId, id)))
  expect(members.map(({ userId }) => userId).sort()).toEqual([ada.id, bob.id].sort())
  await db
    .update(documents)
    .set({ trashedAt: new Date() })
    .where(and(eq(documents.tenantId, tenant.id), eq(documents.id, documentId)))
  expect((await by(ada, `/${game.id}/resign`)).status).toBe(409)
})

test('in a public channel one has to join before one plays; who looks on there need not', async () => {
  const { db, tenant, ada, eve, by, seenBy } = await setupPlaying()
  const members = { [ada.id]: 'owner' } as const
  const open = await addChannel(db, { tenantId: tenant.id, members })
  const body = { channel_id: open.id, rules: 'reversi' }
  expect((await by(eve, '/', body)).status).toBe(403)
  const { id } = await bodyOf<ShownGame>(await by(ada, '/', body))
  expect((await seenBy(eve, id)).your_seat).toBeNull()
  expect((await by(eve, `/${id}/join`, {})).status).toBe(403)
})

test('in an archived channel games are read, and nothing else', async () => {
  const { db, channel, ada, by, begun, seenBy, move } = await setupPlaying()
  const game = await begun()
  const { tenantId, id } = channel
  const place = and(eq(channels.tenantId, tenantId), eq(channels.id, id))
  await db.update(channels).set({ archivedAt: new Date() }).where(place)
  expect((await by(ada, '/', { channel_id: id, rules: 'reversi' })).status).toBe(409)
  expect((await move(ada, game, { square: 'd3' })).status).toBe(409)
  expect((await by(ada, `/${game.id}/resign`)).status).toBe(409)
  expect((await seenBy(ada, game.id)).status).toBe('running')
})
