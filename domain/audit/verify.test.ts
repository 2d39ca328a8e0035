import { getTableColumns, type SQL, sql } from 'drizzle-orm'
import * as fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { auditLog } from '../../db/schema/index.ts'
import { faultsOf, setupChain } from '../../test/fixtures/auditing.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { auditHash } from './canonical.ts'
import { compareHead, readHead } from './verify.ts'

const rowCount = 8
const chain = setupChain(rowCount)

/** Values that a column can be set to by SQL, each of them another one than is there. */
const alterations: Record<string, fc.Arbitrary<SQL>> = {
  id: fc.uuid().map((id) => sql`${id}::uuid`),
  seq: fc.oneof(
    fc.integer({ min: 100, max: 2 ** 31 }).map((seq) => sql`${seq}::bigint`),
    fc.integer({ min: -9, max: 0 }).map((seq) => sql`${seq}::bigint`),
  ),
  action: fc.constantFrom(sql`action || 'x'`, sql`upper(action)`, sql`''`, sql`action || ' '`),
  actor_user_id: fc.uuid().map((id) => sql`${id}::uuid`),
  actor_key_id: fc.uuid().map((id) => sql`${id}::uuid`),
  subject_type: fc.constantFrom(sql`'key'`, sql`subject_type || chr(8203)`),
  subject_id: fc.uuid().map((id) => sql`${id}::uuid`),
  request_id: fc.constantFrom(sql`null`, sql`'null'`, sql`request_id || ','`, sql`''`),
  detail: fc.constantFrom(
    ...['{}', 'null', '[]', '{"b": "0"}'].map((text) => sql`${text}::jsonb`),
    sql`detail || '{"b": 9007199254740993}'`,
    sql`jsonb_set(detail, '{a,c,1}', '1.50')`,
    sql`jsonb_set(detail, '{a,c,1}', '1.5000000000000000000001')`,
    sql`jsonb_set(detail, '{a,d}', 'false')`,
    sql`jsonb_set(detail, '{a,c}', '["x, 1.5"]')`,
    sql`detail - 'b'`,
  ),
  prev_hash: fc.constantFrom(
    sql`sha256('x')`,
    sql`hash`,
    sql`''::bytea`,
    sql`prev_hash || '\\x00'`,
  ),
  hash: fc.constantFrom(sql`sha256('x')`, sql`prev_hash`, sql`''::bytea`),
  created_at: fc.constantFrom(
    sql`created_at + interval '1 microsecond'`,
    sql`created_at - interval '1 year'`,
    sql`'infinity'::timestamptz`,
    sql`'2026-11-20 08:00:00.123Z BC'::timestamptz`,
    sql`created_at + interval '10000 years'`,
  ),
}

const anySeq = fc.integer({ min: 1, max: rowCount })
const runs = { numRuns: 15 }

test('each column of the table can be altered here', () => {
  const columns = Object.values(getTableColumns(auditLog)).map(({ name }) => name)
  expect(Object.keys(alterations).sort()).toEqual(
    columns.filter((name) => name !== 'tenant_id').sort(),
  )
})

test.each(Object.keys(alterations))(
  'whatever its %s is altered to, the row is named',
  async (column) => {
    const { tenantId, faultsAfter, read } = await chain
    const before = await read()
    const property = async (seq: number, value: SQL) => {
      const id = before[seq - 1]?.id
      const faults = await faultsAfter(sql`update audit_log set ${sql.raw(column)} = ${value}
      where tenant_id = ${tenantId} and seq = ${seq}`)
      const named = faults.filter((fault) => fault.reason !== 'missing')
      expect(named).toHaveLength(1)
      if (column === 'id') expect(named).toMatchObject([{ seq }])
      else expect(named).toMatchObject([{ id }])
    }
    await fc.assert(
      fc.asyncProperty(anySeq, alterations[column] ?? fc.constant(sql``), property),
      runs,
    )
  },
)

test('two rows that changed places are both named, and no other', async () => {
  const { tenantId, faultsAfter } = await chain
  await fc.assert(
    fc.asyncProperty(anySeq, anySeq, async (one, two) => {
      fc.pre(one !== two)
      const move = (from: number, to: number) =>
        sql`update audit_log set seq = ${to}::bigint where tenant_id = ${tenantId} and seq = ${from}::bigint`
      const faults = await faultsAfter(move(one, -1), move(two, one), move(-1, two))
      expect(faults.map(({ seq, reason }) => [reason, seq])).toEqual(
        [one, two].sort((a, b) => a - b).map((seq) => ['altered', seq]),
      )
    }),
    runs,
  )
})

test('rows that were taken out before the end are named by their numbers', async () => {
  const { tenantId, faultsAfter } = await chain
  await fc.assert(
    fc.asyncProperty(anySeq, anySeq, async (one, two) => {
      const [from, to] = [Math.min(one, two), Math.max(one, two)]
      fc.pre(to < rowCount)
      const faults = await faultsAfter(sql`delete from audit_log
        where tenant_id = ${tenantId} and seq between ${from}::bigint and ${to}::bigint`)
      expect(faults).toEqual([{ reason: 'missing', seq: from, untilSeq: to }])
    }),
    runs,
  )
})

test('a row that was moved to another tenant is missing here and named there', async () => {
  const { db, tenantId, faultsAfter } = await chain
  const other = await createTenant(db)
  expect(
    await faultsAfter(sql`update audit_log set tenant_id = ${other.id}
      where tenant_id = ${tenantId} and seq = 3`),
  ).toEqual([{ reason: 'missing', seq: 3, untilSeq: 3 }])
  const { tenantId: home, faultsAfter: faultsAtHome } = await setupChain(2)
  expect(
    await faultsAtHome(sql`update audit_log set tenant_id = ${home}
      where tenant_id = ${tenantId} and seq = 3`),
  ).toMatchObject([{ reason: 'altered', seq: 3 }])
})

test('a row that was put in is named, also between the others', async () => {
  const { tenantId, faultsAfter } = await chain
  const copy = (
    seq: number,
  ) => sql`insert into audit_log (tenant_id, id, seq, action, actor_user_id,
      actor_key_id, subject_type, subject_id, request_id, detail, prev_hash, hash, created_at)
    select tenant_id, gen_random_uuid(), ${seq}::bigint, action, actor_user_id, actor_key_id, subject_type,
      subject_id, request_id, detail, prev_hash, hash, created_at
    from audit_log where tenant_id = ${tenantId} and seq = 2`
  expect(await faultsAfter(copy(rowCount + 1))).toMatchObject([
    { reason: 'altered', seq: rowCount + 1 },
  ])
  const away = sql`update audit_log set seq = -seq where tenant_id = ${tenantId} and seq > 2`
  const back = sql`update audit_log set seq = 1 - seq where tenant_id = ${tenantId} and seq < 0`
  const faults = await faultsAfter(away, copy(3), back)
  expect(faults.map(({ seq }) => seq)).toEqual([3, 4, 5, 6, 7, 8, 9])
})

test('a row that was rewritten with a fitting hash is named by the one after it', async () => {
  const { tenantId, read, faultsAfter } = await chain
  const second = (await read())[1]
  if (!second) throw new Error('the chain has rows')
  const forged = { ...second, action: 'user.created' }
  const createdAt = second.createdAt.toISOString().replace('Z', '000Z')
  const hash = Buffer.from(await auditHash(second.prevHash, { ...forged, createdAt })).toString(
    'hex',
  )
  const faults = await faultsAfter(sql`update audit_log set action = 'user.created',
    hash = decode(${hash}, 'hex') where tenant_id = ${tenantId} and seq = 2`)
  expect(faults).toMatchObject([{ reason: 'rewritten', seq: 2, id: second.id }])
})

test('rows cut off at the end are found by a head that was noted before', async () => {
  const { db, tenantId, read, append } = await setupChain(3)
  const noted = await readHead(db, tenantId)
  if (!noted) throw new Error('the chain has rows')
  expect(noted.seq).toBe(3)
  await append({ subjectId: uuidv7() })
  expect(await compareHead(db, tenantId, noted)).toBe('same')
  const longer = { seq: 9, hash: noted.hash }
  expect(await compareHead(db, tenantId, longer)).toBe('missing')
  const second = (await read())[1]?.hash ?? new Uint8Array()
  expect(await compareHead(db, tenantId, { seq: 3, hash: second })).toBe('other')
  expect(await faultsOf(db, tenantId)).toEqual([])
})
