import { beforeAll, expect, test } from 'vitest'
import { onFileEnd, testDatabase } from '../test/harness/database.ts'
import { batchReads, pointRead } from './batch.ts'
import { type Database, openDatabase } from './client.ts'
import { tenants, users } from './schema/index.ts'

const tenantId = '01930000-0000-7000-8000-00000000000a'
const otherTenantId = '01930000-0000-7000-8000-00000000000b'
const userId = (n: number) => `01930000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
const texts: string[] = []
let database: Database

beforeAll(async () => {
  const { url } = await testDatabase()
  database = openDatabase({
    url,
    poolMax: 2,
    prepare: true,
    applicationName: 'octavo-test',
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
    onStatement: (text) => texts.push(text),
  })
  onFileEnd(() => database.close())
  const { db } = database
  await db.insert(tenants).values([
    { id: tenantId, name: 'first' },
    { id: otherTenantId, name: 'second' },
  ])
  const numbers = Array.from({ length: 600 }, (_, n) => n)
  await db.insert(users).values(
    numbers.map((n) => ({
      tenantId,
      id: userId(n),
      email: `${n}@a.test`,
      displayName: `User ${n}`,
      role: 'viewer' as const,
    })),
  )
})

const names = (rows: ({ displayName: string } | null)[]) => rows.map((row) => row?.displayName)

test('reads of one turn of the event loop become one statement, a missing row gives null', async () => {
  const read = pointRead(database.db, { table: users })
  texts.length = 0
  const rows = await Promise.all([1, 2, 900, 1].map((n) => read(tenantId, userId(n))))
  expect(names(rows)).toEqual(['User 1', 'User 2', undefined, 'User 1'])
  expect(texts).toHaveLength(1)
})

test('a read never sees another tenant, and each tenant has a statement of its own', async () => {
  const read = pointRead(database.db, { table: users })
  texts.length = 0
  const rows = await Promise.all([read(tenantId, userId(1)), read(otherTenantId, userId(1))])
  expect(names(rows)).toEqual(['User 1', undefined])
  expect(texts).toHaveLength(2)
})

test('a statement takes a bounded number of ids, and all are answered', async () => {
  const read = pointRead(database.db, { table: users })
  texts.length = 0
  const rows = await Promise.all(Array.from({ length: 600 }, (_, n) => read(tenantId, userId(n))))
  expect(rows.every((row, n) => row?.displayName === `User ${n}`)).toBe(true)
  expect(texts).toHaveLength(3)
})

test('only the named columns and the id are read', async () => {
  const read = pointRead(database.db, { table: users, columns: ['displayName'] })
  expect(await read(tenantId, userId(3))).toEqual({ id: userId(3), displayName: 'User 3' })
})

test('an id that is no UUID has no row and does not spoil the batch; letter case does not matter', async () => {
  const read = pointRead(database.db, { table: users })
  const ids = ['x', "1},{'", userId(10).toUpperCase(), '']
  const rows = await Promise.all(ids.map((id) => read(tenantId, id)))
  expect(names(rows)).toEqual([undefined, undefined, 'User 10', undefined])
})

test('reads of later turns are asked again: nothing is remembered', async () => {
  const read = pointRead(database.db, { table: users })
  texts.length = 0
  await read(tenantId, userId(1))
  await read(tenantId, userId(1))
  expect(texts).toHaveLength(2)
})

test('an error of the statement reaches every reader, and the next batch is untouched by it', async () => {
  let fails = true
  const read = batchReads<{ id: string }>({
    read: async (_, ids) => {
      if (fails) throw new Error('broken')
      return ids.map((id) => ({ id }))
    },
    idOf: (row) => row.id,
  })
  const outcomes = await Promise.allSettled([read('t', 'a'), read('t', 'b'), read('t', 'a')])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  fails = false
  expect(await read('t', 'a')).toEqual({ id: 'a' })
})

test('more reads in one turn than can be remembered are refused at once', async () => {
  const read = batchReads<{ id: string }>({ read: async () => [], idOf: (row) => row.id })
  const outcomes = await Promise.allSettled(
    Array.from({ length: 20_001 }, (_, n) => read('t', String(n))),
  )
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(1)
  expect(await read('t', 'later')).toBeNull()
})
