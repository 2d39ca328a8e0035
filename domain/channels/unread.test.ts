import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelHeads, channelMembers } from '../../db/schema/index.ts'
import { addChannel, addMessage, joinChannel } from '../../test/fixtures/channels.ts'
import { addMember } from '../../test/harness/members.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { mentionCount, unreadCount } from './unread.ts'

async function setup() {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const [me, other] = [tenant.admin.id, (await addMember(db, tenant.id, { role: 'viewer' })).id]
  const channel = await addChannel(db, { tenantId: tenant.id })
  await joinChannel(db, channel, { userId: me, readSeq: 2 })
  const counts = async (userId = me) => {
    const { tenantId, channelId } = channelMembers
    const head = and(eq(channelHeads.tenantId, tenantId), eq(channelHeads.channelId, channelId))
    const [row] = await db
      .select({ unread: unreadCount, mentions: mentionCount })
      .from(channelMembers)
      .innerJoin(channelHeads, head)
      .where(and(eq(tenantId, tenant.id), eq(channelMembers.userId, userId)))
    return row
  }
  return { db, me, other, channel, counts }
}

test('what came after the marker is unread, but not what is deleted and what one said oneself', async () => {
  const { db, me, other, channel, counts } = await setup()
  for (const userId of [other, other, other, me, other])
    await addMessage(db, channel, { userId, text: 'said' })
  await addMessage(db, channel, { userId: other, isDeleted: true })
  await addMessage(db, channel, { userId: me, isDeleted: true })
  expect(await counts()).toEqual({ unread: 2, mentions: 0 })
})

test('an unread message that names me, or all, or both, is one mention', async () => {
  const { db, me, other, channel, counts } = await setup()
  const named = { userId: other, mentions: [me] }
  await addMessage(db, channel, named) // read
  await addMessage(db, channel, { userId: other, mentionsAll: true }) // read
  await addMessage(db, channel, named)
  await addMessage(db, channel, { userId: other, mentionsAll: true })
  await addMessage(db, channel, { ...named, mentionsAll: true })
  await addMessage(db, channel, { userId: other, mentions: [other] })
  expect(await counts()).toEqual({ unread: 4, mentions: 3 })
  await addMessage(db, channel, { ...named, isDeleted: true })
  await addMessage(db, channel, { userId: me, mentions: [me], mentionsAll: true })
  expect(await counts()).toEqual({ unread: 4, mentions: 3 })
})
