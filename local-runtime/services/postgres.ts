import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { ensureFolders, ensureSecretFile, loadConfig, Secret, stackPaths } from '../config.ts'
import { claimFolder } from './folder-owner.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import {
  type ClusterSecrets,
  ensureCluster,
  repairRoles,
  writeSettings,
} from './postgres-cluster.ts'
import { postgresFault } from './postgres-faults.ts'
import { endOrphans, isReady } from './postgres-orphans.ts'
import { postgresRights, type Rights, type RightsMode } from './postgres-rights.ts'
import {
  assertPortIsFree,
  type Child,
  type Exit,
  type OutputSink,
  poll,
  ServiceError,
  startChild,
} from './process.ts'
import { asServiceError } from './service-error.ts'

// Recovery after a crash replays at most max_wal_size; a slow disk needs a while for it.
const startTimeoutMs = 60_000
const stopFastMs = 15_000
const stopImmediateMs = 5000

export type PostgresOptions = {
  home: string // data in <home>/postgres, secrets in <home>/secrets
  port: number // on 127.0.0.1
  socketDir?: string // default: the run folder of home
  password?: Secret // of app_user; default: generated in <home>/secrets/database-password
  sink?: OutputSink // takes the server's log
  isDurable?: boolean // default true; false for tests whose data may be lost
  checkout?: string // where node_modules lies
  rights?: { mode?: RightsMode; systemUser?: string; systemRoot?: string } // default: what works here
}

export type RunningPostgres = {
  pid: number
  exited: Promise<Exit>
  /** app_user at app_db over TCP, without the password. */
  url: string
  password: Secret
  /** postgres at postgres over TCP, without the password. */
  superuserUrl: string
  superuserPassword: Secret
  /** The unix socket, inside the run folder. */
  socket: string
  dataDir: string
  /** Ends every session, writes a checkpoint, and waits; harder after 15 s. */
  stop: () => Promise<Exit>
}

/**
 * Starts Postgres 16 as our child; makes its data folder, role and database when they are missing, and repairs
 * what a killed run left. Returns when app_user can log in.
 * @throws {ServiceError} one sentence: taken port, missing right, full disk, run by another process
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { home, port, isDurable = true } = options
  const paths = stackPaths(home)
  ensureFolders(home)
  const secrets = clusterSecrets(options)
  const nativeDir = postgresBinaries(options.checkout ?? loadConfig({}, { envFile: null }).checkout)
  const wanted = options.socketDir ?? paths.run
  const rights = await postgresRights({ home, nativeDir, socketDir: wanted, ...options.rights })
  const giveBack = claimFolder('Postgres', rights.dataDir)
  try {
    await ensureCluster(rights, secrets, isDurable)
    await endOrphans(rights.dataDir)
    await assertPortIsFree('Postgres', port)
    writeSettings(rights, port, isDurable)
    const child = await startAndLogIn(rights, secrets, options)
    void child.exited.then(giveBack)
    const socket = socketIn(rights, wanted, port)
    return { ...running(child, secrets, port), socket, dataDir: rights.dataDir }
  } catch (err) {
    giveBack()
    throw asServiceError('Postgres', err)
  }
}

function clusterSecrets({ home, password }: PostgresOptions): ClusterSecrets {
  const { databasePassword, secrets } = stackPaths(home)
  const superuserFile = join(secrets, 'database-superuser-password')
  ensureSecretFile(superuserFile)
  if (password === undefined || password.file === databasePassword)
    ensureSecretFile(databasePassword)
  return {
    password: password ?? Secret.ofFile(databasePassword),
    superuserPassword: Secret.ofFile(superuserFile),
  }
}

function running(child: Child, { password, superuserPassword }: ClusterSecrets, port: number) {
  const address = `127.0.0.1:${port}`
  return {
    pid: child.pid,
    exited: child.exited,
    url: `postgres://app_user@${address}/app_db`,
    password,
    superuserUrl: `postgres://postgres@${address}/postgres`,
    superuserPassword,
    stop: () => child.stop(['SIGINT', stopFastMs], ['SIGQUIT', stopImmediateMs]),
  }
}

async function startAndLogIn(
  rights: Rights,
  secrets: ClusterSecrets,
  options: PostgresOptions,
): Promise<Child> {
  const child = await startServer(rights, options)
  const refusal = await logIn(rights, secrets, options.port)
  if (refusal === null) return child
  await child.stop(['SIGINT', stopFastMs], ['SIGQUIT', stopImmediateMs])
  // The secret has changed since the data folder was made, or somebody dropped the database or role.
  if (!['28P01', '28000', '3D000'].includes(refusal)) {
    throw new ServiceError(`Postgres started, but app_user cannot log in to app_db (${refusal}).`)
  }
  await repairRoles(rights, secrets, refusal === '3D000')
  const second = await startServer(rights, options)
  const again = await logIn(rights, secrets, options.port)
  if (again === null) return second
  await second.stop(['SIGINT', stopFastMs], ['SIGQUIT', stopImmediateMs])
  throw new ServiceError(
    `Postgres started, but app_user cannot log in to app_db even after a repair (${again}).`,
  )
}

async function startServer(rights: Rights, { sink }: PostgresOptions): Promise<Child> {
  const program = join(rights.nativeDir, 'bin', 'postgres')
  const command = rights.as({ program, args: ['-D', rights.dataDir] }, true)
  const deadline = performance.now() + startTimeoutMs
  for (;;) {
    const child = await startChild(command, sink)
    const state = await poll(
      () => (isReady(rights.dataDir, child.pid) ? 'ready' : child.hasExited() && 'ended'),
      { timeoutMs: deadline - performance.now() },
    )
    if (state === 'ready') return child
    if (state === null) await child.stop(['SIGQUIT', stopImmediateMs])
    // After kill -9 the shared memory of the last run may still be held by a backend that is about to end.
    const isStale = /shared memory block .* is still in use|lock file .* already exists/.test(
      child.tail(),
    )
    if (!isStale || performance.now() > deadline) {
      throw postgresFault(state === null ? 'does not get ready' : 'cannot start', child.tail())
    }
    await endOrphans(rights.dataDir)
  }
}

/** @returns `null`, or the SQLSTATE (or system error) of the refusal */
async function logIn(
  rights: Rights,
  { password }: ClusterSecrets,
  port: number,
): Promise<string | null> {
  const sql = postgres({
    path: join(rights.socketDir, `.s.PGSQL.${port}`),
    user: 'app_user',
    database: 'app_db',
    password: password.reveal(),
    max: 1,
    connect_timeout: 10,
    fetch_types: false,
    onnotice: () => {},
  })
  try {
    await sql`select 1`
    return null
  } catch (err) {
    return (err as { code?: string }).code ?? String(err)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

// Where Postgres may not write to the run folder, its socket is linked there: the address stays the same.
function socketIn(rights: Rights, wanted: string, port: number): string {
  const name = `.s.PGSQL.${port}`
  const link = join(wanted, name)
  if (rights.socketDir === wanted) return link
  rmSync(link, { force: true })
  symlinkSync(join(rights.socketDir, name), link)
  return link
}
