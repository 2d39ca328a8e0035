import autocannon from 'autocannon'
import postgres from 'postgres'
import { startStack } from './stack.ts'

/*
 * 64 writers in one channel: posts a second through an isolate (key, role, limits, validation, mentions, events and
 * all), beside the bare driver with one transaction a post, the same lock and the same rows, and beside the limit: the
 * same rows by 64 in one statement. Same tables, rounds in turn. Run: `npm run bench messages`
 */
const rounds = 3
const seconds = 4
const writers = 64
const port = 18_800

const stack = startStack(port)
const sql = postgres(stack.databaseUrl, { max: 8, fetch_types: false, onnotice: () => {} })

try {
  const me = await call('/v1/users/me')
  const tenantId = me.tenant_id ?? ''
  const channelId = (await call('/v1/channels', { name: 'isolate' })).id ?? ''
  const peer = {
    tenantId,
    userId: me.id ?? '',
    channelId: (await call('/v1/channels', { name: 'peer' })).id ?? '',
  }
  const keys: string[] = []
  for (let number = 0; number < writers; number += 1) keys.push(await newWriter(number, channelId))
  const rates = { isolate: [0], transactions: [0], rows: [0] }
  for (let round = 0; round < rounds; round += 1) {
    rates.isolate[round] = await throughIsolate(keys, channelId)
    rates.transactions[round] = await oneTransactionEach(peer)
    rates.rows[round] = await manyRowsEach(peer)
  }
  report(rates)
} finally {
  await sql.end()
  stack.stop()
}

async function call(path: string, body?: object, key = stack.key): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const sent = body && { method: 'POST', body: JSON.stringify(body) }
  const response = await fetch(`${stack.baseUrl}${path}`, { headers, ...sent })
  if (!response.ok) throw new Error(`${path} answered ${response.status}`)
  return (await response.json()) as Record<string, string>
}

/** @returns the key of somebody new in the channel */
async function newWriter(number: number, channelId: string): Promise<string> {
  const person = {
    email: `writer-${number}@example.com`,
    display_name: `Writer ${number}`,
    role: 'viewer',
  }
  const { id } = await call('/v1/users', person)
  const { key = '' } = await call('/v1/keys', { user_id: id, name: 'bench', role: 'viewer' })
  await call(`/v1/channels/${channelId}/join`, {}, key)
  return key
}

/** @returns posts a second */
async function throughIsolate(keys: readonly string[], channelId: string): Promise<number> {
  let next = 0
  const result = await autocannon({
    url: 'http://localhost/v1/messages',
    socketPath: stack.socketOf('messages'),
    method: 'POST',
    body: JSON.stringify({ channel_id: channelId, text: 'Who has the invoice of May?' }),
    connections: writers,
    duration: seconds,
    setupClient: (client) => {
      const key = keys[next++ % keys.length]
      client.setHeaders({ authorization: `Bearer ${key}`, 'content-type': 'application/json' })
    },
  })
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${result.non2xx} posts were refused, ${result.errors} failed`)
  return result.requests.average
}

type Peer = { tenantId: string; userId: string; channelId: string }

/** As many lanes as the isolate has writers; each post holds the channel, as any that gives gapless numbers must. */
async function oneTransactionEach(peer: Peer): Promise<number> {
  return lanes(writers, async () => {
    await sql.begin(async (tx) => {
      const [head] = await tx`select message_seq from channel_heads
        where tenant_id = ${peer.tenantId} and channel_id = ${peer.channelId} for update`
      await insert(tx, peer, { from: Number(head?.message_seq) + 1, count: 1 })
    })
    return 1
  })
}

async function manyRowsEach(peer: Peer): Promise<number> {
  return lanes(1, async () => {
    const [head] = await sql`select message_seq from channel_heads
      where tenant_id = ${peer.tenantId} and channel_id = ${peer.channelId}`
    await insert(sql, peer, { from: Number(head?.message_seq) + 1, count: writers })
    return writers
  })
}

type Rows = { from: number; count: number }

/** Messages, their events, the numbers given last and the author's marker in one statement. */
async function insert(on: postgres.ISql, peer: Peer, { from, count }: Rows): Promise<void> {
  const { tenantId, userId, channelId } = peer
  await on`
    with said as (
      insert into messages (tenant_id, id, channel_id, seq, author_user_id, author_name, text, created_at)
      select ${tenantId}::uuid, gen_random_uuid(), ${channelId}::uuid, n, ${userId}::uuid, 'Admin', 'Who has the invoice of May?', now()
      from generate_series(${from}::bigint, ${from + count - 1}::bigint) n returning id, seq
    ), told as (
      insert into channel_events (tenant_id, channel_id, seq, type, subject_id, actor_user_id, data, at)
      select ${tenantId}::uuid, ${channelId}::uuid, h.event_seq + said.seq - ${from}::bigint + 1, 'message.created', said.id,
        ${userId}::uuid, '{"version":1}', now()
      from said, channel_heads h where h.tenant_id = ${tenantId}::uuid and h.channel_id = ${channelId}::uuid
    ), marked as (
      update channel_members set read_seq = ${from + count - 1}::bigint
      where tenant_id = ${tenantId}::uuid and channel_id = ${channelId}::uuid and user_id = ${userId}::uuid
    )
    update channel_heads set message_seq = message_seq + ${count}::int, event_seq = event_seq + ${count}::int
    where tenant_id = ${tenantId}::uuid and channel_id = ${channelId}::uuid`
}

/** @returns what all lanes have done a second */
async function lanes(count: number, work: () => Promise<number>): Promise<number> {
  const until = performance.now() + seconds * 1000
  let done = 0
  const lane = async () => {
    while (performance.now() < until) {
      const count = await work()
      done += count
    }
  }
  await Promise.all(Array.from({ length: count }, lane))
  return done / seconds
}

function report(rates: Record<'isolate' | 'transactions' | 'rows', number[]>): void {
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
  const [isolate, transactions, rows] = [rates.isolate, rates.transactions, rates.rows].map(median)
  const against = (peer = 1) => ((isolate ?? 0) / peer).toFixed(2)
  console.log(
    `${writers} writers in one channel: isolate ${Math.round(isolate ?? 0)} posts/s, bare driver with a transaction each ` +
      `${Math.round(transactions ?? 0)}/s (ratio ${against(transactions)}), ${writers} rows a statement ` +
      `${Math.round(rows ?? 0)}/s (ratio ${against(rows)})`,
  )
}
