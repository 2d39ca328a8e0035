import { sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../test/harness/setup.ts'
import { createTenant } from '../test/harness/tenants.ts'
import type { Tx } from './client.ts'
import { copyIn } from './copy.ts'
import { CopyWriter, encodeFields, textBytesMax } from './copy-writer.ts'

const columns = ['tenant_id', 'id', 'user_id', 'format', 'attributes', 'created_at']
const statement = `copy annotation_imports (${columns.join(', ')}) from stdin (format binary)`

type Row = { id: string; format?: string; attributes?: unknown; atMicros?: number }

async function world() {
  const { db } = await openTestDatabase()
  const { id: tenantId } = await createTenant(db)
  const chunksOf = (rows: readonly Row[]) => {
    const chunks: Uint8Array[] = []
    const writer = new CopyWriter((chunk) => chunks.push(chunk))
    for (const { id, format = 'coco', attributes = {}, atMicros = 0 } of rows) {
      const json = JSON.stringify(attributes)
      writer.row(columns.length, 200 + textBytesMax(format) + textBytesMax(json))
      writer.uuid(tenantId)
      writer.uuid(id)
      writer.bytes(encodeFields([{ type: 'uuid', value: id }]))
      writer.text(format)
      writer.jsonb(json)
      writer.timestamptz(atMicros)
    }
    return [...chunks, writer.end()]
  }
  const copy = (tx: Tx, rows: readonly Row[]) => copyIn(tx, statement, chunksOf(rows))
  const idsIn = async (on: Tx | typeof db) => {
    const rows = await on.execute<{ id: string }>(
      sql`select id from annotation_imports where tenant_id = ${tenantId} order by id`,
    )
    return [...rows].map(({ id }) => id)
  }
  return { db, tenantId, copy, idsIn }
}

test('what is copied is there for the next statement, and for nobody before the commit', async () => {
  const { db, copy, idsIn } = await world()
  const [first, second] = [uuidv7(), uuidv7()]
  await db.transaction(async (tx) => {
    await copy(tx, [{ id: first }])
    await copy(tx, [{ id: second }])
    expect(await idsIn(tx)).toEqual([first, second])
    expect(await idsIn(db)).toEqual([])
  })
  expect(await idsIn(db)).toEqual([first, second])
})

test('texts, JSON and times arrive as they were, over many chunks', async () => {
  const { db, tenantId, copy } = await world()
  const attributes = { text: 'ünï \\N \t "quoted" \n'.repeat(5_000), number: -0.1, none: null }
  const rows = Array.from({ length: 20 }, () => ({ id: uuidv7(), attributes }))
  const at = new Date('1999-12-31T23:59:59.123Z')
  await db.transaction((tx) =>
    copy(
      tx,
      rows.map((row) => ({ ...row, atMicros: at.getTime() * 1000 })),
    ),
  )
  const found = await db.execute<{ id: string; attributes: string; at: string }>(sql`
    select id, attributes::text, created_at::text as at from annotation_imports
    where tenant_id = ${tenantId} order by id`)
  expect([...found].map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
  expect(JSON.parse(found[19]?.attributes ?? '')).toEqual(attributes)
  expect(new Date(found[0]?.at ?? '')).toEqual(at)
})

test('a copy of nothing is one', async () => {
  const { db, copy, idsIn } = await world()
  await db.transaction((tx) => copy(tx, []))
  expect(await idsIn(db)).toEqual([])
})

test.each([
  ['at its end', (id: string) => [{ id }, { id }]],
  ['in its midst', (id: string) => [{ id, format: 'xls' }, ...many()]],
])('a fault %s ends the transaction, and its connection serves on', async (_, rowsOf) => {
  const { db, copy, idsIn } = await world()
  const faulty = db.transaction(async (tx) => {
    await copy(tx, [{ id: uuidv7() }])
    await copy(tx, rowsOf(uuidv7()))
  })
  await expect(faulty).rejects.toMatchObject({ code: expect.stringMatching(/^23/) })
  expect(await idsIn(db)).toEqual([])
  const again = Array.from({ length: 8 }, () => db.transaction((tx) => copy(tx, many(1))))
  await Promise.all(again)
  expect(await idsIn(db)).toHaveLength(8)
})

test('a connection that dies between two copies takes both with it', async () => {
  const { db, copy, idsIn } = await world()
  const lost = db.transaction(async (tx) => {
    await copy(tx, many())
    const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`)
    await db.execute(sql`select pg_terminate_backend(${row?.pid})`)
    await copy(tx, many())
  })
  await expect(lost).rejects.toBeDefined()
  expect(await idsIn(db)).toEqual([])
})

const many = (count = 5_000): Row[] => Array.from({ length: count }, () => ({ id: uuidv7() }))
