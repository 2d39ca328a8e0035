import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channelMembers, idempotencyKeys } from '../../db/schema/index.ts'
import { createApp as createMessagesApp } from '../../functions/messages/index.ts'
import { withPeople } from '../../test/fixtures/people.ts'
import type { Message } from '../../test/fixtures/talking.ts'
import { bodyOf, requestsOf } from '../../test/harness/requests.ts'
import { removeDeserted } from './deletion.ts'

/** Somebody who says one thing and does another, each with a key that they can repeat. */
async function talking() {
  const people = await withPeople()
  const { db, deps, tenant, make } = people
  const ada = await people.person()
  const channel = await make(ada)
  const messages = requestsOf(createMessagesApp(deps), tenant)
  const headers = (key: string) => ({ ...ada.auth, 'idempotency-key': key })
  const say = () =>
    messages.post(
      '/',
      { channel_id: channel.id, text: 'a secret @all' },
      { headers: headers('say') },
    )
  const wave = () =>
    ada.post(
      `/${channel.id}/commands`,
      { text: '/me keeps a secret' },
      { 'idempotency-key': 'wave' },
    )
  const kept = async () =>
    JSON.stringify(
      await db.select().from(idempotencyKeys).where(eq(idempotencyKeys.tenantId, tenant.id)),
    )
  return { ...people, ada, channel, messages, say, wave, kept }
}

test('what a deleted message said is in no kept reply, and repeating its key says nothing again', async () => {
  const { ada, messages, say, wave, kept } = await talking()
  const { id } = await bodyOf<Message>(await say())
  const waved = await bodyOf<{ message_id: string }>(await wave())
  expect(await kept()).toContain('secret')
  for (const gone of [id, waved.message_id])
    expect((await messages.del(`/${gone}`, { headers: ada.auth })).status).toBe(204)
  expect(await kept()).not.toContain('secret')
  expect(await bodyOf(await say())).toMatchObject({ id, text: '', mentions: [], deleted: true })
  expect(await bodyOf(await wave())).toMatchObject({ message_id: waved.message_id, message_seq: 2 })
  const after = await messages.get('/unread', { headers: ada.auth })
  expect(await bodyOf(after)).toMatchObject({ items: [{ last_seq: 2 }] })
})

test('with a channel goes what kept replies tell of it, at once or in portions, and of no other', async () => {
  const [first, second] = [await talking(), await talking()]
  for (const { say, wave } of [first, second]) for (const send of [say, wave]) await send()
  expect((await first.ada.del(`/${first.channel.id}`)).status).toBe(204)
  expect(await first.kept()).not.toContain('secret')
  expect(await second.kept()).toContain('secret')
  const { db, tenant, channel } = second
  await db.delete(channelMembers).where(eq(channelMembers.tenantId, tenant.id))
  const place = { tenantId: tenant.id, id: channel.id }
  await removeDeserted(db, { ...place, signal: new AbortController().signal })
  expect(await second.kept()).not.toContain('secret')
})
