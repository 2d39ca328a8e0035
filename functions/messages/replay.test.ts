import { expect, test } from 'vitest'
import { type AddedChannel, addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { chatLogs, chatLogsMissing, type IrcLine, ircLines } from '../../test/fixtures/irc.ts'
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

test('two days of a real channel, said again, are there in their order and word by word', {
  timeout: 300_000,
}, async (context) => {
  context.skip(chatLogs.length === 0, chatLogsMissing)
  const bench = await talking()
  await Promise.all(chatLogs.map((path) => replay(bench, ircLines(path))))
})

async function replay(bench: Bench, lines: readonly IrcLine[]) {
  const { db, tenant, post, by } = bench
  const channel = await addChannel(db, { tenantId: tenant.id })
  const people = await peopleOf(bench, channel, lines)
  for (const { nick, text, kind } of lines) {
    const body = { channel_id: channel.id, text, kind }
    expect((await post('/', body, by(people.get(nick) as Member))).status, text).toBe(201)
  }
  const [reader] = people.values()
  const found = await wholeHistory(bench, channel, reader as Member)
  expect(found.map(({ seq }) => seq)).toEqual(lines.map((_, index) => index + 1))
  expect(found.map(({ author_id, text }) => ({ author_id, text }))).toEqual(
    lines.map(({ nick, text }) => ({ author_id: people.get(nick)?.id, text })),
  )
  // IRC tells `Nick` and `nick` apart as little as we do: such a second one is shown by their display name.
  const names = found.map(({ author_name }, index) => [author_name, lines[index]?.nick])
  expect(names.filter(([shown, nick]) => shown !== nick && shown !== 'A viewer')).toEqual([])
  expect(names.filter(([shown]) => shown === 'A viewer').length).toBeLessThan(lines.length / 20)
}

type Bench = Awaited<ReturnType<typeof talking>>

/** A member for each nick, with a key of their own. */
async function peopleOf({ db, tenant }: Bench, channel: AddedChannel, lines: readonly IrcLine[]) {
  const people = new Map<string, Member>()
  const taken = new Set<string>()
  for (const nick of new Set(lines.map((line) => line.nick))) {
    const member = await addMember(db, tenant.id, { role: 'viewer' })
    people.set(nick, member)
    const isTaken = taken.has(nick.toLowerCase())
    taken.add(nick.toLowerCase())
    await joinChannel(db, channel, { userId: member.id, ...(isTaken ? {} : { nickname: nick }) })
  }
  return people
}

async function wholeHistory({ get, by }: Bench, channel: AddedChannel, reader: Member) {
  const found: Message[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `/?channel_id=${channel.id}&after_seq=0&limit=100${cursor && `&cursor=${cursor}`}`
    const page: Page = await bodyOf<Page>(await get(query, by(reader)))
    found.push(...page.items)
    cursor = page.next_cursor
  }
  return found
}
