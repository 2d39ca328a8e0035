import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Secret } from '../config.ts'
import { postgresFault } from './postgres-faults.ts'
import type { Rights } from './postgres-rights.ts'
import { runToEnd, ServiceError } from './process.ts'

export type ClusterSecrets = { password: Secret; superuserPassword: Secret }

// Local disks finish in 0.5 s; a slow, loaded machine gets a hundred times that.
const initTimeoutMs = 60_000

/**
 * Makes the data folder unless it is complete. It is made under another name and renamed when all is in it,
 * so a folder of the right name is always whole; what a killed attempt left is removed.
 */
export async function ensureCluster(
  rights: Rights,
  secrets: ClusterSecrets,
  isDurable: boolean,
): Promise<void> {
  const { dataDir } = rights
  removeDrafts(dataDir)
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    // Postgres refuses a folder that others may read, which a copied or restored one can be.
    chmodSync(dataDir, 0o700)
    return
  }
  const draft = `${dataDir}.init-${process.pid}-${randomBytes(4).toString('hex')}`
  const args = [
    ...['-D', draft, '-U', 'postgres', '-A', 'trust'],
    ...['-E', 'UTF8', '--locale-provider=icu', '--icu-locale=und', '--locale=C.UTF-8'],
    ...['--data-checksums', '--no-instructions', ...(isDurable ? [] : ['--no-sync'])],
  ]
  const program = join(rights.nativeDir, 'bin', 'initdb')
  const { code, output } = await runToEnd(rights.as({ program, args }), {
    timeoutMs: initTimeoutMs,
  })
  if (code !== 0) throw postgresFault('cannot make its data folder', output)
  // Never served with initdb's own access rules: these stand before the folder gets its name.
  appendFileSync(join(draft, 'postgresql.conf'), "\ninclude_if_exists 'octavo.conf'\n")
  writeFileSync(join(draft, 'pg_hba.conf'), accessRules)
  await runSingle(rights, draft, [...roleStatements(secrets), ...databaseStatements])
  renameSync(draft, dataDir)
}

/** Sets the roles' passwords to what the secrets say now. The server must not run. */
export async function repairRoles(
  rights: Rights,
  secrets: ClusterSecrets,
  isDatabaseMissing: boolean,
): Promise<void> {
  const statements = [...roleStatements(secrets), ...(isDatabaseMissing ? databaseStatements : [])]
  await runSingle(rights, rights.dataDir, statements)
}

const accessRules = `# TYPE  DATABASE     USER  ADDRESS       METHOD
local   all          all                 scram-sha-256
host    all          all   127.0.0.1/32  scram-sha-256
local   replication  all                 scram-sha-256
host    replication  all   127.0.0.1/32  scram-sha-256
`

function roleStatements({ password, superuserPassword }: ClusterSecrets): string[] {
  return [
    `do $$ begin if to_regrole('app_user') is null then create role app_user; end if; end $$`,
    `alter role app_user with login nosuperuser nocreatedb nocreaterole noreplication password ${quoted(password)}`,
    `alter role postgres with password ${quoted(superuserPassword)}`,
  ]
}

// The owner of a database may create trusted extensions in it.
const databaseStatements = [
  'create database app_db owner app_user',
  'revoke all on database app_db from public',
]

function quoted(secret: Secret): string {
  const value = secret.reveal()
  if (value.includes('\0'))
    throw new ServiceError(`The secret in ${secret.source} holds a NUL character.`)
  return `'${value.replaceAll("'", "''")}'`
}

// Single-user mode: no port is open yet, and no password is needed. -j: a statement ends with an empty line.
async function runSingle(rights: Rights, dataDir: string, statements: string[]): Promise<void> {
  const program = join(rights.nativeDir, 'bin', 'postgres')
  const quiet = ['-c', 'log_checkpoints=off', '-c', 'log_min_error_statement=panic']
  const args = ['--single', '-j', ...quiet, '-D', dataDir, 'postgres']
  const input = statements.map((statement) => `${statement};\n\n`).join('')
  const { code, output } = await runToEnd(rights.as({ program, args }), {
    timeoutMs: initTimeoutMs,
    input,
  })
  if (code === 0 && !/\b(ERROR|FATAL|PANIC): /.test(output)) return
  throw postgresFault('cannot make its role and database', output)
}

function removeDrafts(dataDir: string): void {
  const prefix = `${basename(dataDir)}.init-`
  for (const name of readdirSync(dirname(dataDir))) {
    if (name.startsWith(prefix))
      rmSync(join(dirname(dataDir), name), { recursive: true, force: true })
  }
}

/** Settings are written anew at every start, so that a later version's settings reach an older data folder. */
export function writeSettings(rights: Rights, port: number, isDurable: boolean): void {
  const settings: Record<string, string | number | boolean> = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: rights.socketDir,
    unix_socket_permissions: '0700',
    max_connections: 200,
    shared_buffers: '128MB',
    effective_cache_size: '1GB',
    random_page_cost: 1.1,
    jit: false,
    wal_level: 'logical',
    // A burst of jobs or of pages writes 60 MB/s: with less, its writers wait for each other's buffers and new files.
    wal_buffers: '16MB',
    min_wal_size: '256MB',
    max_wal_size: '1GB',
    fsync: isDurable,
    full_page_writes: isDurable,
    synchronous_commit: isDurable,
    password_encryption: 'scram-sha-256',
    timezone: 'UTC',
    idle_in_transaction_session_timeout: '60s',
    cluster_name: 'octavo',
    logging_collector: false,
    log_destination: 'stderr',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] %a ',
    log_checkpoints: false,
    // Statements, details and parameters carry people's data; the code and the first line suffice.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_parameter_max_length: 0,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${valueText(value)}'`)
  const file = join(rights.dataDir, 'octavo.conf')
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `# Written at every start.\n${lines.join('\n')}\n`, { mode: 0o600 })
  rights.give(draft)
  renameSync(draft, file)
}

function valueText(value: string | number | boolean): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return String(value).replaceAll("'", "''")
}
