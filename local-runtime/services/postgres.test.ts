import { chmodSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Secret } from '../config.ts'
import { checkPostgres } from './health.ts'
import {
  health,
  keepServers,
  newHome,
  preparedHome,
  query,
  queryAs,
  start,
} from './postgres.fixture.ts'

keepServers()

test('the cluster is Postgres 16 with scram, ICU, checksums, logical WAL and durable settings', async () => {
  const server = await start(newHome(), { isDurable: true })
  const [row] = await query<Record<string, string>>(
    server,
    `select current_setting('server_version_num')::int / 10000 as major, current_setting('wal_level') as wal,
      current_setting('data_checksums') as checksums, current_setting('password_encryption') as encryption,
      current_setting('fsync') || current_setting('full_page_writes') || current_setting('synchronous_commit') as durable,
      current_setting('listen_addresses') as addresses, datlocprovider as provider, daticulocale as locale,
      pg_encoding_to_char(encoding) as encoding from pg_database where datname = 'app_db'`,
  )
  expect(row).toEqual({
    ...{
      major: 16,
      wal: 'logical',
      checksums: 'on',
      encryption: 'scram-sha-256',
      durable: 'ononon',
    },
    addresses: '127.0.0.1',
    provider: 'i',
    locale: 'und',
    encoding: 'UTF8',
  })
})

test('app_user owns app_db and creates trusted extensions, without being a superuser', async () => {
  const server = await start(preparedHome())
  await query(server, 'create extension pg_trgm')
  const [row] = await query(
    server,
    `select rolsuper, rolcreaterole, rolcreatedb, pg_get_userbyid(datdba) as owner
      from pg_roles, pg_database where rolname = current_user and datname = 'app_db'`,
  )
  expect(row).toEqual({
    rolsuper: false,
    rolcreaterole: false,
    rolcreatedb: false,
    owner: 'app_user',
  })
  await expect(query(server, 'create extension earthdistance cascade')).rejects.toThrow(
    /permission denied/,
  )
})

test('nobody gets in without the password, which only its owner reads and no argument shows', async () => {
  const home = preparedHome()
  const server = await start(home)
  for (const password of [null, Secret.ofValue('wrong', 'test')]) {
    expect(await checkPostgres({ url: server.url, password, timeoutMs: 3000 })).toMatchObject({
      status: 'down',
    })
  }
  const file = join(home, 'secrets', 'database-password')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')).not.toContain(
    server.password.reveal(),
  )
  expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).not.toContain(
    server.password.reveal(),
  )
  expect(await health(server)).toEqual({ status: 'ok', version: expect.stringMatching(/^16\./) })
})

test('rows survive a stop, and the next start takes a changed password', async () => {
  const home = preparedHome()
  const first = await start(home)
  await query(first, 'create table kept as select 42 as answer')
  expect(await first.stop()).toEqual({ code: 0, signal: null })
  expect(await health(first)).toEqual({ status: 'down', detail: 'ECONNREFUSED' })
  const password = Secret.ofValue(`it's "new" \\ 100%`, 'test')
  const second = await start(home, { password })
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('a database that somebody dropped is made again', async () => {
  const home = preparedHome()
  const first = await start(home)
  await queryAs(first.superuserUrl, first.superuserPassword.reveal(), 'drop database app_db')
  await first.stop()
  expect(await health(await start(home))).toMatchObject({ status: 'ok' })
})

test('a home that was copied, and is open to others since, starts and is shut again', async () => {
  const home = preparedHome()
  for (const name of ['postgres', 'run', 'secrets']) chmodSync(join(home, name), 0o755)
  await start(home)
  const modes = ['postgres', 'run', 'secrets'].map(
    (name) => statSync(join(home, name)).mode & 0o777,
  )
  expect(modes).toEqual([0o700, 0o700, 0o700])
})

test('a home with a long path has its socket in the short run folder', async () => {
  const home = join(newHome(), 'long'.repeat(30))
  mkdirSync(home)
  const server = await start(home)
  expect(Buffer.byteLength(server.socket)).toBeLessThanOrEqual(100)
  expect(statSync(server.socket).isSocket()).toBe(true)
  rmSync(join(server.socket, '..'), { recursive: true, force: true })
})

test('where user namespaces are forbidden to root a system user runs it, with data that outlives restarts', async () => {
  const home = newHome()
  const systemRoot = newHome()
  // The system user must be able to pass through.
  chmodSync(systemRoot, 0o755)
  const system = { systemUser: 'nobody', systemRoot }
  const mode = process.getuid?.() === 0 ? 'system-user' : 'direct'
  const first = await start(home, { rights: { mode, ...system } })
  await query(first, 'create table kept as select 42 as answer')
  expect(statSync(first.dataDir).uid).not.toBe(0)
  await first.stop()
  const second = await start(home, { rights: system })
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect(second.dataDir).toBe(first.dataDir)
})
