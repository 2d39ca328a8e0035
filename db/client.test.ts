import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { createTestDatabase, onFileEnd, testDatabase } from '../test/harness/database.ts'
import { type DatabaseOptions, openDatabase } from './client.ts'
import { databaseFault, isUnavailable } from './errors.ts'
import { tenants } from './schema/index.ts'

const id = '01930000-0000-7000-8000-000000000001'

async function open(options: Partial<DatabaseOptions> = {}) {
  const { url } = await testDatabase()
  const database = openDatabase({
    url,
    poolMax: 2,
    prepare: true,
    applicationName: 'octavo-test',
    statementTimeoutMs: 5_000,
    connectTimeoutMs: 2_000,
    ...options,
  })
  onFileEnd(() => database.close())
  return database
}

const preparedTexts = sql`select statement from pg_prepared_statements`

test('an ordinary query is prepared once and then reused', async () => {
  const { db } = await open({ poolMax: 1 })
  for (let i = 0; i < 3; i += 1) await db.select().from(tenants).where(eq(tenants.id, id))
  const rows = await db.execute<{ statement: string }>(preparedTexts)
  expect(rows.filter(({ statement }) => statement.includes('"tenants"."id" = $1'))).toHaveLength(1)
})

test('nothing is prepared, and no session setting sent, for a pooler in transaction mode', async () => {
  const { db } = await open({ poolMax: 1, prepare: false })
  await db.select().from(tenants).where(eq(tenants.id, id))
  expect(await db.execute(preparedTexts)).toHaveLength(0)
  const [row] = await db.execute(sql`select current_setting('statement_timeout') as timeout`)
  expect(row?.timeout).toBe('0')
})

test('the number of prepared statements is bounded, whatever texts a program makes', async () => {
  const { db } = await open({ poolMax: 1 })
  for (let i = 0; i < 1_050; i += 1) await db.execute(sql`select ${sql.raw(String(i))} + ${1}::int`)
  const [row] = await db.execute(sql`select count(*)::int as count from pg_prepared_statements`)
  expect(Number(row?.count)).toBeLessThanOrEqual(1_000)
  expect(Number(row?.count)).toBeGreaterThan(900)
})

test('the session runs in UTC and carries its name and its timeouts', async () => {
  const { db } = await open({ applicationName: 'octavo-named', statementTimeoutMs: 4_321 })
  const [row] = await db.execute(sql`select current_setting('TimeZone') as zone,
    current_setting('application_name') as name, current_setting('statement_timeout') as timeout,
    current_setting('idle_in_transaction_session_timeout') as idle`)
  const expected = { zone: 'UTC', name: 'octavo-named', timeout: '4321ms', idle: '15s' }
  expect(row).toEqual(expected)
})

test('a statement that runs too long is given up by the server and called unavailable', async () => {
  const { db } = await open({ statementTimeoutMs: 50 })
  const err = await db.execute(sql`select pg_sleep(10)`).catch((cause: unknown) => cause)
  expect(databaseFault(err)?.code).toBe('57014')
  expect(isUnavailable(err)).toBe(true)
})

test('a statement is given up here when the server does not keep its own timeout', async () => {
  const { db } = await open({ statementTimeoutMs: 50 })
  const err = await db
    .execute(sql`set statement_timeout = 0; select pg_sleep(3)`)
    .catch((cause: unknown) => cause)
  expect(databaseFault(err)?.code).toBe('DEADLINE')
  expect(isUnavailable(err)).toBe(true)
})

test('with every connection taken, a statement waits for a limited time and never runs later', async () => {
  const { db } = await open({ poolMax: 1 })
  const { db: other } = await open()
  await other.execute(sql`create table late (n int)`)
  let release = () => {}
  const held = db.transaction(async (tx) => {
    await tx.execute(sql`select 1`)
    await new Promise<void>((resolve) => {
      release = resolve
    })
  })
  const err = await db.execute(sql`insert into late values (${1})`).catch((cause: unknown) => cause)
  expect(databaseFault(err)?.code).toBe('POOL_WAIT')
  release()
  await held
  await db.execute(sql`select 1`)
  expect(await other.execute(sql`select n from late`)).toHaveLength(0)
})

test('statement texts are reported without any value', async () => {
  const texts: string[] = []
  const { db, sql: hot } = await open({ logSql: (text) => texts.push(text) })
  await db.select().from(tenants).where(eq(tenants.name, 'a secret name'))
  await hot`select ${'a secret value'}::text`
  expect(texts).toHaveLength(2)
  expect(texts.join()).toContain('"tenants"."name" = $1')
  expect(texts.join()).not.toContain('secret')
})

test('statements inside transactions are reported too', async () => {
  const texts: string[] = []
  const { db } = await open({ onStatement: (text) => texts.push(text) })
  await db.transaction((tx) => tx.select().from(tenants).where(eq(tenants.id, id)))
  expect(texts.join()).toContain('"tenants"."id" = $1')
})

test('an error of the driver itself does not carry the values into a log by enumeration', async () => {
  const { db } = await open({ logSql: () => {} })
  const err = await db.execute(sql`select ${'a secret'}::int`).catch((cause: unknown) => cause)
  const { cause } = err as { cause: Error }
  expect(JSON.stringify({ ...cause, message: undefined })).not.toContain('parameters')
})

test('a prepared statement survives a migration that changes what it returns', async () => {
  const { url } = await createTestDatabase({ empty: true })
  const { db } = await open({ url, poolMax: 1 })
  const { db: migrator } = await open({ url, poolMax: 1 })
  await migrator.execute(sql`create table things (n int)`)
  const read = () => db.execute(sql`select n from things where n is distinct from ${5}::int`)
  const readInTransaction = () =>
    db.transaction((tx) => tx.execute(sql`select n from things where n > ${0}::bigint`))
  await Promise.all([read(), readInTransaction()])
  await migrator.execute(sql`alter table things alter n type bigint`)
  await expect(read()).resolves.toHaveLength(0)
  await expect(readInTransaction()).resolves.toHaveLength(0)
})

test('the bare driver has its own parsers and refuses transactions', async () => {
  const { sql: hot } = await open()
  const [row] = await hot`select now() as at, '{"a":1}'::jsonb as json`
  expect(row?.at).toBeInstanceOf(Date)
  expect(row?.json).toEqual({ a: 1 })
  expect(() => hot.begin(async () => {})).toThrow('db.transaction')
})

test('a statement of the bare driver has the same deadlines', async () => {
  const { sql: hot } = await open({ statementTimeoutMs: 50, poolMax: 4 })
  const err = await hot
    .unsafe('set statement_timeout = 0; select pg_sleep(3)')
    .catch((cause) => cause)
  expect(databaseFault(err)?.code).toBe('DEADLINE')
  await expect(hot`select 1 as one`).resolves.toHaveLength(1)
})

test('a database is found by its socket, by IPv4 and by IPv6, and a wrong sslmode is refused', () => {
  const addressOf = (url: string) => {
    const { host, port, path } = openDatabase({
      url,
      poolMax: 1,
      prepare: true,
      applicationName: 'octavo-test',
      statementTimeoutMs: 5_000,
      connectTimeoutMs: 2_000,
    }).sql.options
    return { host, port, path }
  }
  expect(addressOf('postgres://u@[::1]:5433/d')).toMatchObject({ host: ['::1'], port: [5433] })
  expect(addressOf('postgres://u@10.0.0.1/d')).toMatchObject({ host: ['10.0.0.1'], port: [5432] })
  const path = '/run/pg/.s.PGSQL.5432'
  expect(addressOf('postgres://u@localhost/d?host=/run/pg')).toMatchObject({ path })
  expect(() => addressOf('postgres://u@h/d?sslmode=verify-ca')).toThrow(/sslmode=verify-ca/)
})

test('a password comes from its file, read anew for every connection', async () => {
  const { url } = await testDatabase()
  const withoutPassword = new URL(url)
  const folder = await mkdtemp('/tmp/octavo-password-')
  onFileEnd(() => rm(folder, { recursive: true }))
  const passwordFile = `${folder}/password`
  await writeFile(passwordFile, 'wrong\n')
  const password = decodeURIComponent(withoutPassword.password)
  withoutPassword.password = ''
  const { db } = await open({ url: withoutPassword.href, passwordFile })
  const err = await db.execute(sql`select 1`).catch((cause: unknown) => cause)
  expect(databaseFault(err)?.code).toBe('28P01')
  await writeFile(passwordFile, `${password}\n`)
  await expect(db.execute(sql`select 1`)).resolves.toHaveLength(1)
  await rm(passwordFile)
  await db.execute(sql`select pg_terminate_backend(pg_backend_pid())`).catch(() => {})
  await expect(db.execute(sql`select 1`)).resolves.toHaveLength(1)
})
