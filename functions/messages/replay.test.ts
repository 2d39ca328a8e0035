import { expect, test } from 'vitest'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { chatLogs, chatLogsMissing, ircLines } from '../../test/fixtures/irc.ts'
import { type Message, type Page, talking } from '../../test/fixtures/talking.ts'
import { addMember, type Member } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('a log has what people said and did, and not what the server says of them', () => {
  for (const path of chatLogs) {
    const lines = ircLines(path)
    expect(lines.length).toBeGreaterThan(900)
    expect(lines.some(({ text }) => /^has (joined|left) #/.test(text))).toBe(false)
  }
})

test('two days of a real channel, said again, are there in their order and word by word', async (context) => {
  context.skip(chatLogs.length === 0, chatLogsMissing)
  const { db, tenant, post, get, by } = await talking()
  const lines = chatLogs.flatMap(ircLines)
  const channel = await addChannel(db, { tenantId: tenant.id })
  const people = new Map<string, Member>()
  for (const nickname of new Set(lines.map(({ nick }) => nick))) {
    const member = await addMember(db, tenant.id, { role: 'viewer' })
    people.set(nickname, member)
    // IRC tells `Nick` and `nick` apart as little as we do: the second one keeps the first one's name.
    await joinChannel(db, channel, { userId: member.id, nickname }).catch(() =>
      joinChannel(db, channel, { userId: member.id, nickname: `${nickname}~` }),
    )
  }
  for (const { nick, text, kind } of lines) {
    const reply = await post(
      '/',
      { channel_id: channel.id, text, kind },
      by(people.get(nick) as Member),
    )
    expect(reply.status, text).toBe(201)
  }
  const found: Message[] = []
  const start = `/?channel_id=${channel.id}&after_seq=0&limit=100`
  const [reader] = people.values()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query: string = cursor && `&cursor=${cursor}`
    const page: Page = await bodyOf(await get(start + query, by(reader as Member)))
    found.push(...page.items)
    cursor = page.next_cursor
  }
  expect(found.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1))
  const shown = found.map(({ author_id, author_name, text }) => ({ author_id, author_name, text }))
  expect(shown).toEqual(
    lines.map(({ nick, text }) => ({
      ...{ author_id: people.get(nick)?.id, text },
      author_name: expect.stringMatching(/^\S+$/),
    })),
  )
  expect(new Set(found.map(({ author_name }) => author_name))).toEqual(namesOf(people))

  function namesOf(of: ReadonlyMap<string, Member>): Set<string> {
    const taken = new Set<string>()
    return new Set(
      [...of.keys()].map((nick) => {
        const isTaken = taken.has(nick.toLowerCase())
        taken.add(nick.toLowerCase())
        return isTaken ? `${nick}~` : nick
      }),
    )
  }
})
