import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type AuditEntry, appendAudit } from '../../domain/audit/append.ts'
import { tamper } from '../../test/fixtures/auditing.ts'
import { refusalOf } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { AuditRow, AuditVerification } from './contract.ts'
import { createApp } from './index.ts'

const Page = z.object({ items: z.array(AuditRow), next_cursor: z.string().nullable() })
const pageOf = async (reply: Response) => Page.parse(await reply.json())
const verdictOf = async (reply: Response) => AuditVerification.parse(await reply.json())

async function setupAudit() {
  const bench = await setup(createApp)
  const { db, tenant, clock } = bench
  const append = async (entry: Partial<AuditEntry> = {}) => {
    clock.advance(1_000)
    const subject = { subjectType: 'key', subjectId: uuidv7() }
    const by = {
      actor: { userId: tenant.admin.id, keyId: tenant.keyIds.admin },
      requestId: 'first',
    }
    const about = { tenantId: tenant.id, action: 'key.created', at: clock.now() }
    const row = { ...about, ...subject, ...by, ...entry }
    await db.transaction((tx) => appendAudit(tx, row))
    return row
  }
  const seqsOf = async (query: string) =>
    (await pageOf(await bench.get(`/?${query}`))).items.map(({ seq }) => seq)
  return { ...bench, append, seqsOf }
}

test('rows are listed newest first, a page at a time, each once', async () => {
  const { get, append } = await setupAudit()
  for (let i = 0; i < 5; i++) await append()
  const seen: number[] = []
  for (let path: string | null = '/?limit=2'; path; ) {
    const { items, next_cursor: next } = await pageOf(await get(path))
    seen.push(...items.map(({ seq }) => seq))
    path = next && `/?limit=2&cursor=${next}`
  }
  expect(seen).toEqual([5, 4, 3, 2, 1])
})

test('a list is narrowed by action and its beginning, actor, subject, request and time', async () => {
  const { append, seqsOf, clock } = await setupAudit()
  const start = clock.now().toISOString()
  const first = await append()
  await append({ action: 'key.revoked', requestId: 'second' })
  const third = await append({ action: 'keys.counted', subjectType: 'count', actor: null })
  const other = { userId: uuidv7(), keyId: uuidv7() }
  await append({ action: 'document.deleted', subjectType: 'document', actor: other })
  const found: Record<string, number[]> = {}
  for (const query of [
    ...['action=key.created', 'action=key.', 'action=key', 'action=nothing.', 'action=document.'],
    ...[`actor_user_id=${other.userId}`, `actor_key_id=${other.keyId}`, 'subject_type=key'],
    ...[`subject_id=${first.subjectId}`, 'request_id=second', `from=${start}&to=${start}`],
    ...[`from=${third.at.toISOString()}`, `to=${third.at.toISOString()}`],
    ...['action=key.&request_id=first', `action=key.&actor_user_id=${other.userId}`],
  ])
    found[query] = await seqsOf(query)
  expect(Object.values(found)).toEqual([
    ...[[1], [2, 1], [], [], [4]],
    ...[[4], [4], [2, 1]],
    ...[[1], [2], []],
    ...[
      [4, 3],
      [2, 1],
    ],
    ...[[1], []],
  ])
})

test('pages of several actions with one beginning follow each other without gap or repeat', async () => {
  const { get, append } = await setupAudit()
  for (const verb of ['created', 'revoked', 'rotated', 'created', 'revoked'])
    await append({ action: `key.${verb}` })
  const first = await pageOf(await get('/?action=key.&limit=3'))
  const second = await pageOf(await get(`/?action=key.&limit=3&cursor=${first.next_cursor}`))
  expect([...first.items, ...second.items].map(({ seq }) => seq)).toEqual([5, 4, 3, 2, 1])
  expect(second.next_cursor).toBeNull()
  expect((await get(`/?action=user.&cursor=${first.next_cursor}`)).status).toBe(400)
})

test("a row is read by its id, and another tenant's is answered like an unknown one", async () => {
  const { get, otherTenant, append } = await setupAudit()
  await append({ detail: { role: 'viewer' } })
  const [row] = (await pageOf(await get('/'))).items
  const found = await get(`/${row?.id}`)
  expect([found.status, await found.json()]).toEqual([200, row])
  expect(row).toMatchObject({ action: 'key.created', detail: { role: 'viewer' }, seq: 1 })
  expect(await refusalOf(await otherTenant.get(`/${row?.id}`))).toEqual(
    await refusalOf(await otherTenant.get(`/${uuidv7()}`)),
  )
  expect((await pageOf(await otherTenant.get('/'))).items).toEqual([])
})

test('nobody but admins reads what was done', async () => {
  const { get } = await setupAudit()
  const statuses = await Promise.all(
    (['nobody', 'editor', 'viewer', 'ingest', 'worker', 'guest'] as const).map(
      async (as) => (await get('/', { as })).status,
    ),
  )
  expect(statuses).toEqual([401, 403, 403, 403, 403, 403])
})

test('an export has every row in the order of the chain, its own at the end, and can be checked by anybody', async () => {
  const { get, append } = await setupAudit()
  for (let i = 0; i < 3; i++) await append({ detail: { count: i } })
  const reply = await get('/export')
  expect(reply.headers.get('content-type')).toBe('application/x-ndjson')
  const rows = (await reply.text())
    .trim()
    .split('\n')
    .map((line) => AuditRow.parse(JSON.parse(line)))
  expect(rows.map(({ action }) => action)).toEqual([
    ...['key.created', 'key.created', 'key.created', 'audit.exported'],
  ])
  const tenantId = rows.at(-1)?.subject_id
  let previous = '0'.repeat(64)
  for (const row of rows) {
    const canonical = JSON.stringify([
      ...[tenantId, row.id, row.seq, row.action, row.actor_user_id, row.actor_key_id],
      ...[row.subject_type, row.subject_id, row.request_id, row.detail],
      row.created_at.replace('Z', '000Z'),
    ])
    expect(row.prev_hash).toBe(previous)
    previous = createHash('sha256')
      .update(Buffer.from(previous, 'hex'))
      .update(canonical)
      .digest('hex')
    expect(row.hash).toBe(previous)
  }
})

test('an export is narrowed like a list, audited with what was asked, and not by a HEAD', async () => {
  const { get, request, append, tenant, seqsOf } = await setupAudit()
  await append()
  await append({ action: 'user.created' })
  const headers = { authorization: `Bearer ${tenant.keys.admin}` }
  expect((await request('/export', { method: 'HEAD', headers })).status).toBe(200)
  const lines = (await (await get('/export?action=user.')).text()).trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).seq)).toEqual([2])
  expect(await seqsOf('action=audit.exported')).toEqual([3])
  const [own] = (await pageOf(await get('/?limit=1'))).items
  expect(own).toMatchObject({ detail: { action: 'user.' }, actor_key_id: tenant.keyIds.admin })
})

test('a check goes through a chain page by page and names what was altered', async () => {
  const { get, append, db, tenant } = await setupAudit()
  for (let i = 0; i < 5; i++) await append()
  const whole = await verdictOf(await get('/verify'))
  expect(whole).toMatchObject({ is_intact: true, rows: 5, faults: [], next_cursor: null })
  await db.transaction((tx) =>
    tamper(
      tx,
      sql`update audit_log set hash = sha256('x') where tenant_id = ${tenant.id} and seq = 2`,
      sql`update audit_log set action = 'x' where tenant_id = ${tenant.id} and seq = 4`,
    ),
  )
  const pages: z.output<typeof AuditVerification>[] = []
  for (let path: string | null = '/verify?rows=2'; path; ) {
    const page = await verdictOf(await get(path))
    pages.push(page)
    path = page.next_cursor && `/verify?rows=2&cursor=${page.next_cursor}`
  }
  expect(pages.map(({ is_intact }) => is_intact)).toEqual([false, false, true])
  expect(pages.flatMap(({ faults }) => faults)).toMatchObject([
    { reason: 'altered', seq: 2, action: 'key.created' },
    { reason: 'altered', seq: 4, action: 'x' },
  ])
})

test('a head that was noted tells whether rows were cut off at the end', async () => {
  const { get, append, db, tenant } = await setupAudit()
  for (let i = 0; i < 3; i++) await append()
  const { head } = await verdictOf(await get('/verify'))
  const expected = `expect=${head?.seq}:${head?.hash}`
  expect(await verdictOf(await get(`/verify?${expected}`))).toMatchObject({
    ...{ is_intact: true, expected: 'same' },
  })
  await db.transaction((tx) =>
    tamper(tx, sql`delete from audit_log where tenant_id = ${tenant.id} and seq = 3`),
  )
  expect(await verdictOf(await get('/verify'))).toMatchObject({ is_intact: true, expected: null })
  expect(await verdictOf(await get(`/verify?${expected}`))).toMatchObject({
    ...{ is_intact: false, expected: 'missing', faults: [] },
  })
  expect((await get('/verify?expect=3')).status).toBe(422)
})
