import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { expect } from 'vitest'

type Acknowledged = { id: string; seq: number }
type Post = (body: object, headers: Record<string, string>) => Promise<Response>

// Without a pause a refused connection would be asked again thousands of times a second.
const retryMs = 20
// A mark that its request could not take back is free after 30 s: such a post is given up, and may be there or not.
const retriesMax = 50

/** Posts to one channel from many sides at once, with a ledger of all that was acknowledged. */
export class ChatLoad {
  readonly #post: Post
  readonly #channelId: string
  readonly #lanes: Promise<void>[]
  /** By text, each of which is said by one lane alone. */
  readonly acknowledged = new Map<string, Acknowledged>()
  failures = 0
  #isOver = false

  /** @param namedId whom each message names, so that it has more than one row */
  constructor(
    post: Post,
    { channelId, namedId, lanes }: { channelId: string; namedId: string; lanes: number },
  ) {
    this.#post = post
    this.#channelId = channelId
    this.#lanes = Array.from({ length: lanes }, (_, lane) => this.#repeat(namedId, lane % 2 === 0))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#lanes)
  }

  async #repeat(namedId: string, hasKey: boolean): Promise<void> {
    while (!this.#isOver) {
      const text = `<@${namedId}> ${randomUUID()}`
      if (hasKey) await this.#sayOnce(text)
      else if (!(await this.#say(text, {}))) await pause(retryMs)
    }
  }

  /** With a key a post may be repeated, and is said once. */
  async #sayOnce(text: string): Promise<void> {
    const headers = { 'idempotency-key': randomUUID() }
    for (let attempt = 0; attempt < retriesMax; attempt += 1) {
      if (await this.#say(text, headers)) return
      await pause(retryMs)
    }
  }

  async #say(text: string, headers: Record<string, string>): Promise<boolean> {
    try {
      const reply = await this.#post({ channel_id: this.#channelId, text }, headers)
      const body = (await reply.json()) as Acknowledged
      if (reply.status === 201) this.acknowledged.set(text, body)
      else this.failures += 1
      return reply.status === 201
    } catch {
      this.failures += 1
      return false
    }
  }
}

type Place = { tenantId: string; channelId: string }

/**
 * Expects that what is in a channel has no gap, is whole, and holds all of a ledger once.
 * @param databaseUrl with its password
 * @returns how many messages there are
 */
export async function expectWhole(
  databaseUrl: string,
  place: Place,
  load: ChatLoad,
): Promise<number> {
  const client = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  const here = `tenant_id = '${place.tenantId}' and channel_id = '${place.channelId}'`
  try {
    return await look((text) => client.unsafe(text.replaceAll(':here', here)), load)
  } finally {
    await client.end()
  }
}

type Query = (text: string) => PromiseLike<readonly Record<string, unknown>[]>

async function look(query: Query, load: ChatLoad): Promise<number> {
  const [numbers] = await query(`select h.message_seq::int as messages, h.event_seq::int as events,
    (select count(*)::int from messages where :here) as said,
    (select max(seq)::int from messages where :here) as last,
    (select count(*)::int from channel_events where :here) as told,
    (select max(seq)::int from channel_events where :here) as newest
    from channel_heads h where :here`)
  const [count, events] = [Number(numbers?.messages), Number(numbers?.events)]
  const gapless = {
    messages: count,
    said: count,
    last: count,
    events,
    told: events,
    newest: events,
  }
  expect(numbers).toEqual(gapless)
  const [parts] = await query(`select count(*)::int as mentions,
    (select count(distinct subject_id)::int from channel_events
      where :here and type = 'message.created') as created
    from message_mentions where :here`)
  expect(parts).toEqual({ mentions: count, created: count })
  const rows = await query('select id, seq::int as seq, text from messages where :here')
  const found = Map.groupBy(rows, ({ text }) => String(text))
  for (const [text, { id, seq }] of load.acknowledged)
    expect(found.get(text)).toEqual([{ id, seq, text }])
  // Repeated with its key, each is said once; without one nobody repeats.
  expect(found.size).toBe(rows.length)
  return count
}
