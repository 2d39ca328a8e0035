import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { onFileEnd, testDatabase } from '../test/harness/database.ts'
import { constraintProblems } from './constraints.ts'
import {
  DatabaseUnavailable,
  databaseFault,
  describeDatabaseError,
  isRetryable,
  isUnavailable,
} from './errors.ts'

/** An error as it arrives: wrapped by Drizzle, values in the wrapper's message. */
function arrived(fields: Record<string, string>): Error {
  const cause = Object.assign(new Error('server says'), { name: 'PostgresError' }, fields)
  return new DrizzleQueryError('insert ...', ['a secret'], cause)
}

async function catalogue<T>(query: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> {
  const sql = postgres((await testDatabase()).url, { max: 1, fetch_types: false })
  onFileEnd(() => sql.end())
  return query(sql)
}

test('every constraint and unique index of the schema says what breaking it means', async () => {
  const rows = await catalogue(
    (sql) => sql<{ name: string }[]>`
      select c.conname as name from pg_constraint c join pg_class t on t.oid = c.conrelid
      where t.relnamespace = 'public'::regnamespace and not t.relispartition and c.conparentid = 0
      union
      select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
      join pg_class t on t.oid = x.indrelid
      where x.indisunique and t.relnamespace = 'public'::regnamespace and not t.relispartition`,
  )
  expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(constraintProblems).sort())
})

test('a key of a month’s partition means what the key of its table means', async () => {
  const rows = await catalogue(
    (sql) => sql<{ name: string }[]>`
      select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
      join pg_class t on t.oid = x.indrelid
      where x.indisprimary and t.relispartition and t.relnamespace = 'public'::regnamespace`,
  )
  expect(rows.length).toBeGreaterThanOrEqual(8)
  for (const { name } of rows)
    expect(
      describeDatabaseError(arrived({ code: '23505', constraint_name: name }))?.code,
      name,
    ).toBe('duplicate')
})

test.each([
  ['23505', 'users_email_is_unique_in_tenant', 'duplicate'],
  ['23503', 'api_keys_user_exists', 'not_found'],
  ['23514', 'users_role_is_known', 'invalid'],
  ['22021', undefined, 'invalid'],
  ['54000', undefined, 'payload_too_large'],
  ['40001', undefined, 'conflict'],
  ['57P01', undefined, 'unavailable'],
  ['57014', undefined, 'unavailable'],
])('SQLSTATE %s of constraint %s is %s to a caller', (code, constraint, expected) => {
  const err = arrived({ code, ...(constraint ? { constraint_name: constraint } : {}) })
  expect(describeDatabaseError(err)?.code).toBe(expected)
})

test.each(['42601', '42P01', '23505'])(
  'SQLSTATE %s without a known constraint stays internal',
  (code) => {
    expect(describeDatabaseError(arrived({ code }))).toBeNull()
  },
)

test('an error that is not the database’s is left alone', () => {
  for (const err of [new Error('x'), Object.assign(new Error('x'), { code: '23505' }), null, 'x']) {
    expect(describeDatabaseError(err)).toBeNull()
    expect(isUnavailable(err)).toBe(false)
    expect(isRetryable(err)).toBe(false)
  }
})

test.each([
  ...['ECONNREFUSED', 'ENOENT', 'CONNECT_TIMEOUT', 'CONNECTION_CLOSED', 'ECONNRESET', 'ENOTFOUND'],
  ...['57P01', '57P03', '53300', '08006'],
])('%s means that the database is away', (code) => {
  expect(isUnavailable(arrived({ code }))).toBe(true)
})

test('giving up here means that the database is away', () => {
  expect(isUnavailable(new DatabaseUnavailable('POOL_WAIT', 'x'))).toBe(true)
})

test('only what the server rolled back for others’ sake, or planned anew, is run again', () => {
  const codes = ['40001', '40P01', '26000', '23505', '57P01', '0A000']
  expect(codes.map((code) => isRetryable(arrived({ code })))).toEqual([
    ...[true, true, true, false, false, false],
  ])
  expect(isRetryable(arrived({ code: '0A000', routine: 'RevalidateCachedQuery' }))).toBe(true)
})

test('what may be logged and what a caller reads hold no value', () => {
  const err = arrived({ code: '23505', constraint_name: 'users_pkey', detail: 'Key (a secret)' })
  expect(databaseFault(err)).toEqual({ code: '23505', constraint: 'users_pkey' })
  expect(JSON.stringify([databaseFault(err), describeDatabaseError(err)])).not.toContain('secret')
})
