import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { addChannel } from '../../test/fixtures/channels.ts'
import { type Message, talking } from '../../test/fixtures/talking.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { createApp } from './index.ts'

const writers = 64
const postsEach = 25

test('64 who write in one channel at once get the numbers 1 to n, without a gap or a repeat', async () => {
  const { db, tenant, app, deps, post, by } = await talking()
  const people = await Promise.all(
    Array.from({ length: writers }, () => addMember(db, tenant.id, { role: 'viewer' })),
  )
  const members = Object.fromEntries(people.map(({ id }) => [id, 'member' as const]))
  const channel = await addChannel(db, { tenantId: tenant.id, members })
  // Half of them through another isolate, which knows nothing of the first one's line.
  const other = createApp(deps)
  const say = async (index: number, number: number) => {
    const who = people[index] as (typeof people)[number]
    const body = { channel_id: channel.id, text: `${index}.${number}` }
    if (index % 2 === 0) return post('/', body, by(who))
    const headers = { ...who.auth, 'content-type': 'application/json' }
    const init = { method: 'POST', headers, body: JSON.stringify(body) }
    return other.fetch(new Request(`http://octavo.test/v1/${app.name}`, init))
  }
  const said: Message[] = []
  const startedAt = performance.now()
  await Promise.all(
    people.map(async (_, index) => {
      for (let number = 1; number <= postsEach; number += 1) {
        const reply = await say(index, number)
        expect(reply.status, await reply.clone().text()).toBe(201)
        said.push(await bodyOf<Message>(reply))
      }
    }),
  )
  const seconds = (performance.now() - startedAt) / 1000
  console.log(
    `${said.length} posts of ${writers} writers in one channel: ${Math.round(said.length / seconds)} posts/s`,
  )
  const all = Array.from({ length: writers * postsEach }, (_, index) => index + 1)
  expect(said.map(({ seq }) => seq).sort((a, b) => a - b)).toEqual(all)
  const seqs = async (table: string) => {
    const rows = await db.execute<{ seq: string }>(sql`select seq from ${sql.raw(table)}
      where tenant_id = ${tenant.id} and channel_id = ${channel.id} order by seq`)
    return rows.map(({ seq }) => Number(seq))
  }
  expect(await seqs('messages')).toEqual(all)
  expect(await seqs('channel_events')).toEqual(all)
  const order = said
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ text }) => text.split('.').map(Number))
  for (let index = 0; index < writers; index += 1) {
    const own = order.filter(([writer]) => writer === index).map(([, number]) => number)
    expect(own).toEqual(Array.from({ length: postsEach }, (_, number) => number + 1))
  }
})
