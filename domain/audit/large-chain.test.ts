import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../db/client.ts'
import { createTestDatabase, testDatabase } from '../../test/harness/database.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { auditHash, chainStart } from './canonical.ts'
import { type AuditFilter, listAuditRows } from './listing.ts'
import { verifyChain } from './verify.ts'

// The whole of it where tests may take long: the rows are made here, each with its hash.
const rowCount = process.env.OCTAVO_TEST_LONG === '1' ? 100_000 : 10_000
const rowsPerInsert = 2_000
const startMs = Date.parse('2026-01-01T00:00:00Z')

let database: Database
let tenant: TestTenant

const rareId = uuidv7()
const oftenId = uuidv7()
const timeOf = (seq: number) => new Date(startMs + seq * 1_000)

/** What few rows of all have, one filter each; `often` is what most of them have. */
const filters = (): Record<string, Partial<AuditFilter>> => ({
  none: {},
  'a rare action': { action: 'key.revoked' },
  'actions with one beginning': { action: 'document.' },
  'a rare user': { actorUserId: rareId },
  'a rare key': { actorKeyId: rareId },
  'a rare type': { subjectType: 'key' },
  'a rare subject': { subjectId: rareId },
  'a rare request': { requestId: 'rare-one' },
  'a frequent user': { actorUserId: oftenId },
  'an hour': { from: timeOf(rowCount / 2), to: timeOf(rowCount / 2 + 3_600) },
})

const ask = (filter: Partial<AuditFilter>) =>
  listAuditRows(database.db, {
    ...{ filter: { tenantId: tenant.id, ...filter }, before: null, limit: 21 },
  })

// On one connection, whose plans are then those that were made while the table was empty.
beforeAll(async () => {
  await testDatabase()
  const { url } = await createTestDatabase()
  database = openDatabase({
    ...{ url, poolMax: 1, prepare: true, applicationName: 'octavo-audit-plans' },
    ...{ statementTimeoutMs: 30_000, connectTimeoutMs: 5_000 },
  })
  tenant = await createTenant(database.db)
  await database.db.execute(sql`vacuum (analyze) audit_log`)
  for (let time = 0; time < 8; time += 1)
    for (const filter of Object.values(filters())) await ask(filter)
  await fill()
}, 120_000)
afterAll(() => database.close())

async function fill(): Promise<void> {
  let prevHash: Uint8Array = chainStart
  for (let first = 1; first <= rowCount; first += rowsPerInsert) {
    const rows: Record<string, unknown>[] = []
    for (let seq = first; seq < first + rowsPerInsert; seq += 1) {
      const row = rowOf(seq)
      const hash = await auditHash(prevHash, row)
      rows.push({ ...row, prevHash: hex(prevHash), hash: hex(hash) })
      prevHash = hash
    }
    await insertRows(rows)
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function rowOf(seq: number) {
  const isRare = seq % (rowCount / 10) === 0
  const actor = isRare ? rareId : oftenId
  return {
    ...{ tenantId: tenant.id, id: uuidv7(), seq },
    action: isRare ? 'key.revoked' : `document.${seq % 2 ? 'deleted' : 'trashed'}`,
    ...{ actorUserId: actor, actorKeyId: actor },
    subjectType: isRare ? 'key' : 'document',
    subjectId: isRare ? rareId : uuidv7(),
    requestId: isRare ? 'rare-one' : `request-${seq}`,
    detail: { reason: 'trash' },
    createdAt: timeOf(seq).toISOString().replace('Z', '000Z'),
  }
}

const insertRows = (rows: readonly Record<string, unknown>[]) =>
  database.db.execute(sql`
    insert into audit_log (tenant_id, id, seq, action, actor_user_id, actor_key_id, subject_type,
      subject_id, request_id, detail, prev_hash, hash, created_at)
    select ${tenant.id}::uuid, r."id", r."seq", r."action", r."actorUserId", r."actorKeyId", r."subjectType",
      r."subjectId", r."requestId", r."detail", decode(r."prevHash", 'hex'), decode(r."hash", 'hex'), r."createdAt"
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r("id" uuid, "seq" bigint, "action" text,
      "actorUserId" uuid, "actorKeyId" uuid, "subjectType" text, "subjectId" uuid, "requestId" text,
      "detail" jsonb, "prevHash" text, "hash" text, "createdAt" timestamptz)`)

test('a list reads some rows for a page by each filter, with plans made while the table was empty', async () => {
  const read: Record<string, number> = {}
  for (const [name, filter] of Object.entries(filters()))
    read[name] = await rowsRead(database.db, ['audit_log'], async () => {
      const rows = await ask(filter)
      expect(rows.length, name).toBe(name.startsWith('a rare') ? 10 : 21)
    })
  for (const [name, count] of Object.entries(read)) expect(count, name).toBeLessThan(200)
})

test('however many rows a chain has, they are checked a page at a time, in memory that does not grow with them', async () => {
  const before = process.memoryUsage().heapUsed
  let [rows, mostInPage, heapPeak] = [0, 0, before]
  const startedAtMs = performance.now()
  for await (const part of verifyChain(database.db, tenant.id)) {
    expect(part.faults).toEqual([])
    rows += part.rows
    mostInPage = Math.max(mostInPage, part.rows)
    heapPeak = Math.max(heapPeak, process.memoryUsage().heapUsed)
  }
  const seconds = (performance.now() - startedAtMs) / 1_000
  const mebibytes = Math.round((heapPeak - before) / 2 ** 20)
  console.info(`audit chain: ${Math.round(rows / seconds)} rows/s, heap peak +${mebibytes} MiB`)
  expect([rows, mostInPage]).toEqual([rowCount, 1_000])
  // A hundred thousand rows together would take more than twice as much.
  expect(mebibytes).toBeLessThan(64)
})
