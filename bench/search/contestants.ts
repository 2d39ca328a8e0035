import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { text as readText } from 'node:stream/consumers'
import { sql as sqlText } from 'drizzle-orm'
import type postgres from 'postgres'
import { openDatabase } from '../../db/client.ts'
import { firstPosition } from '../../functions/search/order.ts'
import { findHits } from '../../functions/search/queries.ts'
import { understand } from '../../functions/search/understanding.ts'
import type { BenchStack } from '../stack.ts'
import { isVisible, messageTexts, pageTexts } from './corpus.ts'
import type { Filled } from './filling.ts'

/** The same query in the three languages. */
export type Query = { name: string; web: string; tsquery: string; match: string }
export type HitType = 'message' | 'page'

/** Milliseconds: all; those the function waited for Postgres; those of the server's processor. */
export type Timed = { ms: number; databaseMs?: number; cpuMs?: number; hits: number }

/** `GET /v1/search` past Caddy: ranked, with snippets and highlights. */
export function overHttp(stack: BenchStack, key: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const socketPath = stack.socketOf('search')
  return async ({ web }: Query, type: HitType): Promise<Timed> => {
    const startedAt = performance.now()
    const path = `/v1/search?type=${type}&q=${encodeURIComponent(web)}`
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

/** What a search ranks, and nothing else of it, over one connection. */
export async function ranking(url: string, { tenantId, tenthUserId }: Filled) {
  const { db, close } = openDatabase({
    ...{ url, poolMax: 1, prepare: true, applicationName: 'octavo-bench' },
    ...{ statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 },
  })
  const [row] = await db.execute<{ pid: number }>(sqlText`select pg_backend_pid() as pid`)
  const reader = { tenantId, userId: tenthUserId, role: 'viewer' as const }
  const ask = async ({ web }: Query, type: HitType): Promise<Timed> => {
    const query = await understand(db, web)
    if (!query) throw new Error(`${web} says nothing.`)
    const find = { reader, query, filter: { tags: [] }, position: firstPosition([type]), limit: 20 }
    const [startedAt, cpuBeforeMs] = [performance.now(), processorMs(row?.pid)]
    const { hits } = await findHits(db, find)
    const ms = performance.now() - startedAt
    return { ms, cpuMs: processorMs(row?.pid) - cpuBeforeMs, hits: hits.length }
  }
  return { ask, close }
}

/** Milliseconds that a process has had of a processor; on Linux alone. */
const processorMs = (pid = 0): number =>
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
