import { randomInt } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterEach, expect, test } from 'vitest'
import { Secret } from '../config.ts'
import { checkPostgres } from './health.ts'
import { type PostgresOptions, type RunningPostgres, startPostgres } from './postgres.ts'
import { poll, startChild } from './process.ts'
import { processesIn } from './service-orphans.ts'

const homes: string[] = []
const servers: RunningPostgres[] = []

// mkdtemp makes folders that only their owner can enter: all of this holds below such a folder.
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'octavo-pg-'))
  homes.push(home)
  return home
}

async function start(
  home: string,
  options: Partial<PostgresOptions> = {},
): Promise<RunningPostgres> {
  const port = randomInt(12_000, 29_000)
  const server = await startPostgres({ home, port, isDurable: false, ...options })
  servers.push(server)
  return server
}

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()))
  for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
})

async function query<Row extends object>(
  server: RunningPostgres,
  text: string,
  isSuperuser = false,
): Promise<Row[]> {
  const [url, secret] = isSuperuser
    ? [server.superuserUrl, server.superuserPassword]
    : [server.url, server.password]
  const sql = postgres(url, {
    password: secret.reveal(),
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
  })
  try {
    return await sql.unsafe<Row[]>(text)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const health = ({ url, password }: RunningPostgres) =>
  checkPostgres({ url, password, timeoutMs: 3000 })

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
    ...{ addresses: '127.0.0.1', provider: 'i', locale: 'und', encoding: 'UTF8' },
  })
})

test('app_user owns app_db and creates trusted extensions, without being a superuser', async () => {
  const server = await start(newHome())
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
  const home = newHome()
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
  const home = newHome()
  const first = await start(home)
  await query(first, 'create table kept as select 42 as answer')
  expect(await first.stop()).toEqual({ code: 0, signal: null })
  expect(await health(first)).toEqual({ status: 'down', detail: 'ECONNREFUSED' })
  const password = Secret.ofValue(`it's "new" \\ 100%`, 'test')
  const second = await start(home, { password })
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
})

test('a database that somebody dropped is made again', async () => {
  const home = newHome()
  const first = await start(home)
  await query(first, 'drop database app_db', true)
  await first.stop()
  expect(await health(await start(home))).toMatchObject({ status: 'ok' })
})

test('after kill -9 of the server with open sessions the next start repairs it and committed rows are there', async () => {
  const home = newHome()
  const first = await start(home, { isDurable: true })
  await query(first, 'create table kept as select 42 as answer')
  const sleeping = query(first, 'select pg_sleep(60)').catch((err: { code?: string }) => err.code)
  const isAsleep = async () =>
    (
      await query(
        first,
        "select from pg_stat_activity where query like '%pg_sleep(60)' and state = 'active'",
      )
    ).length > 0
  await poll(isAsleep, { timeoutMs: 5000 })
  process.kill(first.pid, 'SIGKILL')
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' })
  const second = await start(home, { isDurable: true })
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
  expect(await sleeping).toBeDefined()
})

test('a lock file whose process number belongs to another program does not stand in the way', async () => {
  const home = newHome()
  const first = await start(home)
  await first.stop()
  writeFileSync(
    join(first.dataDir, 'postmaster.pid'),
    `${process.pid}\n${first.dataDir}\n1\n1\n\n\n1 1\nready\n`,
  )
  expect(await health(await start(home))).toMatchObject({ status: 'ok' })
})

// Starts Postgres in a process of its own, which can be killed at any time.
async function starter(home: string, port: number) {
  const source = `import { startPostgres } from '${import.meta.dirname}/postgres.ts'
const { pid } = await startPostgres({ home: '${home}', port: ${port}, isDurable: false })
console.log('server', pid, 'end')`
  return await startChild({
    program: process.execPath,
    args: ['--input-type=module-typescript', '-e', source],
  })
}

test('a first start killed at any moment leaves nothing that hinders the next', async () => {
  const home = newHome()
  const port = randomInt(12_000, 29_000)
  const moments: (() => boolean)[] = [
    () => readdirSync(home).some((name) => name.startsWith('postgres.init-')),
    () => readdirSync(home).some((name) => existsSync(join(home, name, 'global', 'pg_control'))),
    () => existsSync(join(home, 'postgres', 'PG_VERSION')),
  ]
  for (const hasCome of moments) {
    const child = await starter(home, port)
    await poll(hasCome, { timeoutMs: 15_000, intervalMs: 2 })
    await child.stop(['SIGKILL', 5000])
  }
  const server = await start(home, { port })
  expect(await health(server)).toMatchObject({ status: 'ok' })
  expect(readdirSync(home).filter((name) => name.includes('init-'))).toEqual([])
})

test('a server whose supervisor was killed ends, and the next start needs not wait for an operator', async () => {
  const home = newHome()
  const port = randomInt(12_000, 29_000)
  const child = await starter(home, port)
  const started = () => Number(/server (\d+) end/.exec(child.tail())?.[1] ?? 0) || null
  const orphan = await poll(started, { timeoutMs: 20_000 })
  await child.stop(['SIGKILL', 5000])
  const server = await start(home, { port })
  expect(server.pid).not.toBe(orphan)
  expect(processesIn(server.dataDir, 'postgres')).not.toContain(orphan)
})

test('of two starts of one home at once one wins and the other is refused in a sentence', async () => {
  const home = newHome()
  const starts = await Promise.allSettled([start(home), start(home)])
  const refused = starts.find((each) => each.status === 'rejected')
  expect(starts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  expect(String(refused?.reason)).toMatch(
    /^ServiceError: Postgres in .* is already run by process \d+; stop that first\.$/,
  )
})

test('a taken port is one sentence, and nothing stays behind', async () => {
  const home = newHome()
  const port = randomInt(12_000, 29_000)
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(port, '127.0.0.1', resolve))
  await expect(start(home, { port })).rejects.toThrow(
    `Port ${port} on 127.0.0.1, wanted for Postgres, is taken`,
  )
  await new Promise((resolve) => holder.close(resolve))
  expect(await health(await start(home, { port }))).toMatchObject({ status: 'ok' })
})

test('a home with a long path has its socket in the short run folder', async () => {
  const home = join(newHome(), 'long'.repeat(30))
  mkdirSync(home)
  const server = await start(home)
  expect(Buffer.byteLength(server.socket)).toBeLessThanOrEqual(100)
  expect(statSync(server.socket).isSocket()).toBe(true)
  rmSync(join(server.socket, '..'), { recursive: true, force: true })
})

test.runIf(process.getuid?.() === 0)(
  'where user namespaces are forbidden a system user runs it, with data that outlives restarts',
  async () => {
    const home = newHome()
    const systemRoot = newHome()
    // The system user must be able to pass through.
    chmodSync(systemRoot, 0o755)
    const rights = { mode: 'system-user', systemUser: 'nobody', systemRoot } as const
    const first = await start(home, { rights })
    await query(first, 'create table kept as select 42 as answer')
    expect(statSync(first.dataDir).uid).not.toBe(0)
    await first.stop()
    const { mode: _mode, ...automatic } = rights
    const second = await start(home, { rights: automatic })
    expect(await query(second, 'select answer from kept')).toEqual([{ answer: 42 }])
    expect(second.dataDir).toBe(first.dataDir)
  },
)
