import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { channels, jobHistory, messages } from '../../db/schema/index.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { type Person, withPeople } from '../../test/fixtures/people.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { jobs } from './jobs.ts'

const messageCount = 4_500

/** A channel in which so much was said that one request does not delete it, a part of it answers. */
async function busy(kind: 'public' | 'private', isAlone = false) {
  const people = await withPeople()
  const { db, tenant } = people
  const [owner, member] = [await people.person(), await people.person()]
  const members = {
    [owner.id]: 'owner' as const,
    ...(isAlone ? {} : { [member.id]: 'member' as const }),
  }
  const channel = await addChannel(db, { tenantId: tenant.id, kind, name: 'busy', members })
  await db.execute(sql`
    insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at, reply_to_seq)
    select ${tenant.id}, gen_random_uuid(), ${channel.id}, n, ${owner.id}, 'A', '', now(),
      case when n % 100 = 0 then n - 50 end
    from generate_series(1, ${messageCount}) n`)
  await db.execute(sql`update channel_heads set message_seq = ${messageCount}
    where tenant_id = ${tenant.id} and channel_id = ${channel.id}`)
  const counts = async () => ({
    channels: await db.$count(channels, eq(channels.tenantId, tenant.id)),
    messages: await db.$count(messages, eq(messages.tenantId, tenant.id)),
  })
  const seenBy = async (who: Person) => [
    (await who.get(`/${channel.id}`)).status,
    (await bodyOf<{ items: unknown[] }>(await who.get('/'))).items.length,
  ]
  const gone = async () => {
    await startWorker({ handlers: jobs })
    const ofKind = and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.kind, 'channels.delete'))
    return eventually('the channel is taken away', async () => {
      const [row] = await db.select().from(jobHistory).where(ofKind)
      return row
    })
  }
  return { ...people, owner, member, channel, counts, seenBy, gone }
}

test('a channel with much in it is nobody’s to see at once, and taken away after that', async () => {
  const { owner, member, admin, channel, counts, seenBy, gone } = await busy('public')
  const { token } = await bodyOf<{ token: string }>(await owner.post(`/${channel.id}/invites`, {}))
  expect((await owner.del(`/${channel.id}`)).status).toBe(204)
  for (const who of [owner, member, admin]) expect(await seenBy(who)).toEqual([404, 0])
  expect((await admin.post('/invites/accept', { token })).status).toBe(404)
  expect((await owner.post('/', { name: 'busy' })).status).toBe(201)
  expect(await counts()).toEqual({ channels: 2, messages: messageCount })
  expect(await gone()).toMatchObject({ status: 'completed', result: { messages: messageCount } })
  expect(await counts()).toEqual({ channels: 1, messages: 0 })
})

test('a private channel with much in it that its last member leaves goes the same way', async () => {
  const { owner, admin, channel, counts, seenBy, gone } = await busy('private', true)
  const left = await owner.post(`/${channel.id}/leave`)
  expect(await bodyOf(left)).toEqual({ left: true, channel_deleted: true })
  for (const who of [owner, admin]) expect(await seenBy(who)).toEqual([404, 0])
  await gone()
  expect(await counts()).toEqual({ channels: 0, messages: 0 })
})
