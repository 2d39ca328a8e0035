import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import { type Message, talking } from '../../test/fixtures/talking.ts'
import { bodyOf } from '../../test/harness/requests.ts'

/** A message, and a write that is cut off where it appends its event: at the end of its transaction. */
async function interrupted() {
  const bench = await talking()
  const { db, tenant, channel, say, ada, bob } = bench
  const message = await say(ada, `<@${bob.id}> first`)
  const cut = async (send: () => Promise<Response>) => {
    expect((await cutOff(db, 'channel_events', send)).status).toBe(503)
  }
  const events = async () => {
    const rows = await db.execute<{ type: string }>(sql`select type from channel_events
      where tenant_id = ${tenant.id} and channel_id = ${channel.id} order by seq`)
    return rows.map(({ type }) => type)
  }
  return { ...bench, message, cut, events }
}

test('a post that was cut off half-way is not there, and the next one takes its number', async () => {
  const { cut, ask, ada, bob, history, events, unread } = await interrupted()
  await cut(() => ask(ada, `<@${bob.id}> lost`))
  expect((await history(bob)).items.map(({ seq }) => seq)).toEqual([1])
  expect(await unread(bob)).toMatchObject({ last_seq: 1, unread_count: 1, mention_count: 1 })
  expect(await bodyOf<Message>(await ask(ada, 'second'))).toMatchObject({ seq: 2 })
  expect(await events()).toEqual(['message.created', 'message.created'])
})

test('a post with a key that was cut off half-way is said once when it is repeated', async () => {
  const { cut, post, channel, by, ada, history } = await interrupted()
  const send = () =>
    post('/', { channel_id: channel.id, text: 'once' }, by(ada, { 'idempotency-key': 'one' }))
  await cut(send)
  expect((await send()).status).toBe(201)
  expect((await history(ada)).items.map(({ text }) => text).slice(0, -1)).toEqual(['once'])
})

test('an edit that was cut off half-way changed nothing, and is made whole the next time', async () => {
  const { cut, patch, by, ada, bob, read, get, message, unread, events } = await interrupted()
  const edit = () => patch(`/${message.id}`, { text: 'nobody' }, by(ada))
  await cut(edit)
  expect(await read(ada, message.id)).toEqual(message)
  expect(await unread(bob)).toMatchObject({ mention_count: 1 })
  expect((await edit()).status).toBe(200)
  const versions = await bodyOf<{ items: object[] }>(await get(`/${message.id}/versions`, by(ada)))
  expect(versions.items).toHaveLength(2)
  expect(await unread(bob)).toMatchObject({ mention_count: 0 })
  expect(await events()).toEqual(['message.created', 'message.edited'])
})

test('a deletion and a sign that were cut off half-way left the message as it was', async () => {
  const { cut, put, del, by, ada, bob, read, message, events } = await interrupted()
  const sign = () => put(`/${message.id}/reactions/👍`, undefined, by(bob))
  await cut(sign)
  await cut(() => del(`/${message.id}`, by(ada)))
  expect(await read(ada, message.id)).toEqual(message)
  expect((await sign()).status).toBe(200)
  expect((await del(`/${message.id}`, by(ada))).status).toBe(204)
  expect(await events()).toEqual(['message.created', 'reaction.added', 'message.deleted'])
})
