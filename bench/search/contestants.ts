import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { text as readText } from 'node:stream/consumers'
import type postgres from 'postgres'
import type { BenchStack } from '../stack.ts'
import { isVisible, messageTexts, pageTexts } from './corpus.ts'
import type { Filled } from './filling.ts'

/** The same query in the three languages. */
export type Query = { name: string; web: string; tsquery: string; match: string }
export type HitType = 'message' | 'page'

/** Milliseconds: all; those the function waited for Postgres; those of the server's processor. */
export type Timed = { ms: number; databaseMs?: number; cpuMs?: number; hits: number }

/** `GET /v1/search` past Caddy: ranked, with snippets and highlights of so many hits. */
export function overHttp(stack: BenchStack, key: string, limit = 20) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const socketPath = stack.socketOf('search')
  return async ({ web }: Query, type: HitType): Promise<Timed> => {
    const startedAt = performance.now()
    const path = `/v1/search?type=${type}&limit=${limit}&q=${encodeURIComponent(web)}`
    const call = request({ socketPath, path, agent, headers: { authorization: `Bearer ${key}` } })
    const answered = new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      call.once('response', resolve).once('error', reject)
    })
    call.end()
    const reply = await answered
    const body = await readText(reply)
    if (reply.statusCode !== 200) throw new Error(`${path} answered ${reply.statusCode}: ${body}`)
    const timing = String(reply.headers['server-timing'])
    return {
      ms: performance.now() - startedAt,
      databaseMs: Number(/dur=([\d.]+)/.exec(timing)?.[1]),
      hits: JSON.parse(body).items.length,
    }
  }
}

/** What a search ranks and hardly more of it: of one hit, with the time that the database's processes had of a processor. */
export function ranking(stack: BenchStack, key: string, sql: postgres.Sql) {
  const ask = overHttp(stack, key, 1)
  return async (query: Query, type: HitType): Promise<Timed> => {
    const rows = await sql`select pid from pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid()`
    const spentMs = () => rows.reduce((sum, { pid }) => sum + processorMs(pid), 0)
    const beforeMs = spentMs()
    const timed = await ask(query, type)
    return { ...timed, cpuMs: spentMs() - beforeMs }
  }
}

/** Milliseconds that a process has had of a processor; on Linux alone. */
const processorMs = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6

/** The limit: the newest matches that may be seen, not ranked, ids alone. */
export function bareSql(sql: postgres.Sql, { tenantId, tenthUserId }: Filled) {
  const statements = {
    message: `select m.id from messages m join channels c on c.tenant_id = m.tenant_id and c.id = m.channel_id
      where m.tenant_id = $1 and m.search @@ $2::tsquery and m.deleted_at is null
        and (c.kind in ('public', 'document') or exists (select from channel_members x where x.tenant_id = $1
          and x.channel_id = c.id and x.user_id = $3)) order by m.id desc limit 20`,
    page: `select p.document_id, p.number from document_pages p
      join documents d on d.tenant_id = p.tenant_id and d.id = p.document_id
      where p.tenant_id = $1 and p.search @@ $2::tsquery and d.trashed_at is null and $3::uuid is not null
      order by p.document_id desc, p.number limit 20`,
  }
  return async ({ tsquery }: Query, type: HitType): Promise<Timed> => {
    const startedAt = performance.now()
    const rows = await sql.unsafe(statements[type], [tenantId, tsquery, tenthUserId])
    return { ms: performance.now() - startedAt, hits: rows.length }
  }
}

/** The peer: FTS5 with stems, all matches ranked by bm25, with snippets, in this process. */
export function sqlite() {
  const database = new DatabaseSync(':memory:')
  for (const [table, texts] of [
    ['message', messageTexts()],
    ['page', pageTexts()],
  ] as const) {
    database.exec(`create virtual table ${table} using fts5(
      text, seen unindexed, tokenize = 'porter unicode61 remove_diacritics 2')`)
    const insert = database.prepare(`insert into ${table} (text, seen) values (?, ?)`)
    database.exec('begin')
    for (const { text, group } of texts)
      insert.run(text, table === 'page' || isVisible(group) ? 1 : 0)
    database.exec('commit')
  }
  const statements = Object.fromEntries(
    ['message', 'page'].map((table) => [
      table,
      database.prepare(`select rowid, snippet(${table}, 0, '[', ']', '', 40) from ${table}
        where ${table} match ? and seen = 1 order by rank limit 20`),
    ]),
  )
  return async ({ match }: Query, type: HitType): Promise<Timed> => {
    const startedAt = performance.now()
    const hits = statements[type]?.all(match).length ?? 0
    return { ms: performance.now() - startedAt, hits }
  }
}
