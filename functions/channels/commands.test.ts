import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { messages, users } from '../../db/schema/index.ts'
import { addChannel } from '../../test/fixtures/channels.ts'
import { type Person, withPeople } from '../../test/fixtures/people.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Result = {
  command: string
  done: string
  channel_id: string | null
  message_id: string | null
}

async function commanding(kind: 'private' | 'public' = 'private') {
  const people = await withPeople()
  const { db, tenant } = people
  const [owner, member, observer] = [
    await people.person(),
    await people.person(),
    await people.person(),
  ]
  const roles = { [owner.id]: 'owner', [member.id]: 'member', [observer.id]: 'observer' } as const
  const channel = await addChannel(db, { tenantId: tenant.id, kind, members: roles })
  const say = (who: Person, text: string) => who.post(`/${channel.id}/commands`, { text })
  const done = async (who: Person, text: string) => bodyOf<Result>(await say(who, text))
  const call = async (who: Person, displayName: string) => {
    const them = and(eq(users.tenantId, tenant.id), eq(users.id, who.id))
    await db.update(users).set({ displayName }).where(them)
  }
  return { ...people, owner, member, observer, channel, say, done, call }
}

test('/join goes into a public channel by its name, and suggests a near one', async () => {
  const { done, say, member, person, db, tenant } = await commanding()
  const open = await addChannel(db, { tenantId: tenant.id, name: 'Invoices' })
  expect(await done(member, '/join #invoices')).toMatchObject({
    ...{ command: 'join', done: 'You are in #invoices now.', channel_id: open.id },
  })
  expect((await done(member, '/JOIN invoices')).done).toContain('already')
  const near = await say(member, '/join invocies')
  expect(near.status).toBe(422)
  expect(await bodyOf(near)).toMatchObject({ hint: 'Did you mean "/join Invoices"?' })
  expect((await say(member, '/join')).status).toBe(422)
  expect((await say(await person(), '/join Invoices')).status).toBe(404)
})

test('/nick gives a name here, /me says what one does under it, as an action', async () => {
  const { db, tenant, done, say, member, observer, channel } = await commanding()
  expect((await done(member, '/nick Ada')).done).toBe('You are Ada here now.')
  expect((await say(observer, '/nick ada')).status).toBe(409)
  expect((await say(observer, '/nick')).status).toBe(422)
  const result = await done(member, '/me waves to <@nobody> ')
  expect(result).toMatchObject({ done: 'Ada waves to <@nobody>', message_seq: 1 })
  const rows = await db.select().from(messages).where(eq(messages.tenantId, tenant.id))
  expect(rows).toMatchObject([
    {
      ...{ id: result.message_id, channelId: channel.id, kind: 'action', seq: 1 },
      ...{ text: 'waves to <@nobody>', authorName: 'Ada', authorUserId: member.id },
    },
  ])
  expect((await say(observer, '/me waves')).status).toBe(403)
})

test('/topic reads the topic, and changes it for owners and moderators', async () => {
  const { done, say, owner, member, channel } = await commanding()
  expect((await done(member, '/topic')).done).toBe('There is no topic.')
  expect((await say(member, '/topic mine')).status).toBe(403)
  expect((await say(owner, `/topic ${'x'.repeat(501)}`)).status).toBe(422)
  expect((await done(owner, '/topic  What came in\nthis week ')).done).toContain('this week')
  expect(await bodyOf(await member.get(`/${channel.id}`))).toMatchObject({
    topic: 'What came in\nthis week',
  })
})

test('/invite adds somebody by name, email or id, unless it is not clear who', async () => {
  const { done, say, owner, member, person, call } = await commanding()
  const [ada, bob, eve] = [await person(), await person(), await person()]
  await call(ada, 'Ada Byron')
  expect((await say(member, '/invite @"ada byron"')).status).toBe(403)
  expect((await done(owner, '/invite @"ada byron"')).done).toBe('Ada Byron is in the channel now.')
  expect((await say(owner, '/invite @"Ada Byron"')).status).toBe(409)
  expect((await say(owner, '/invite @A viewer')).status).toBe(422)
  expect((await say(owner, `/invite viewer-${bob.id}@octavo.test`)).status).toBe(200)
  expect((await say(owner, `/invite <@${eve.id}>`)).status).toBe(200)
  expect((await say(owner, '/invite @nobody')).status).toBe(422)
})

test('/archive and /leave do what their routes do, with the same rights', async () => {
  const { done, say, owner, member, channel } = await commanding()
  expect((await say(member, '/archive')).status).toBe(403)
  expect((await say(owner, '/leave')).status).toBe(409)
  expect((await done(owner, '/archive')).done).toBe('The channel is archived.')
  expect((await say(member, '/me waves')).status).toBe(409)
  expect(await done(member, '/leave')).toMatchObject({ channel_id: channel.id })
  expect((await say(member, '/help')).status).toBe(404)
})

test.each([
  ['/jion x', 'Did you mean "/join"?'],
  ['/quit', 'See /help.'],
  ['/', 'See /help.'],
  ['hello', 'Say it by POST /v1/messages.'],
  ['/__proto__', 'See /help.'],
])('%s is no command: %s', async (text, hint) => {
  const { say, member } = await commanding()
  const reply = await say(member, text)
  expect(reply.status).toBe(422)
  expect(await bodyOf(reply)).toMatchObject({ hint, errors: [{ pointer: '/text' }] })
})

test('/help lists every command, also to a guest, who joins nothing by name', async () => {
  const { done, owner, person, channel, say } = await commanding()
  const guest = await person('guest')
  await owner.post(`/${channel.id}/members`, { user_id: guest.id })
  const { done: text } = await done(guest, '/help')
  for (const name of ['join', 'leave', 'nick', 'me', 'topic', 'invite', 'archive', 'help'])
    expect(text).toContain(`/${name}`)
  expect((await say(guest, '/join x')).status).toBe(403)
  expect((await done(guest, '/me waves')).command).toBe('me')
})

test('somebody who reads a public channel without being in it has no nickname there', async () => {
  const { say, person } = await commanding('public')
  const reader = await person()
  expect((await say(reader, '/nick Ada')).status).toBe(403)
  expect((await say(reader, '/me waves')).status).toBe(403)
})
