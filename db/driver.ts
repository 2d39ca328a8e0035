import { readFileSync } from 'node:fs'
import postgres, { type Options, type PostgresType, type Sql } from 'postgres'

/** How to reach a database, and how long to wait for it. Times in milliseconds. */
export type DatabaseOptions = {
  /** `postgres://user[:password]@host:port/database[?sslmode=...][&host=/socket/folder]`; hosts may be a list */
  url: string
  /** Wins over the URL's. Read again for every connection, so that a rotated secret needs no restart. */
  passwordFile?: string
  password?: string
  poolMax: number
  /** `false` behind a pooler in transaction mode: then nothing is prepared and no session setting is sent. */
  prepare: boolean
  applicationName: string
  statementTimeoutMs: number
  connectTimeoutMs: number
  /** Called with every statement's text, never with a value. */
  logSql?: (text: string) => void
  onStatement?: (text: string) => void
}

/**
 * The revision that `patches/postgres+3.4.9.patch` writes into the driver. What it mends, each with its test in
 * `driver-patch.test.ts` or the benchmark `bench/driver-cost.ts`:
 * 1. a statement, or a COPY, on a connection that died crashed the process or waited for ever;
 * 2. a new connection inherited unsent bytes, half an answer's row count and the last error of the one before it (the
 *    "stale 57P01"), and a peer that drops connections was knocked at without a pause;
 * 3. the queue kept a dead prefix, so that every statement cost more the longer a busy pool lived;
 * 4. cancelling the statement that opened a connection lost that connection to the pool;
 * 5. a statement prepared again after a migration sent doubly encoded values (`bytea`, `json`);
 * 6. a COPY that the server refused at its end waited for ever;
 * 7. a statement was sent into the data of a COPY on the same connection, which ended both and the process.
 */
const driverPatch = 3

/** An open transaction that waits for its own process this long is a fault of the program. */
const idleInTransactionMs = 15_000
const keepAliveSeconds = 30
const pipelineMax = 100

/**
 * An unpatched driver can commit one request's statement inside another's transaction, crash the process when
 * a connection dies, and slows down with use.
 * @throws {Error} the patch was not applied, e.g. after `npm ci --ignore-scripts`
 */
export function refuseUnpatchedDriver(driver: object = postgres): void {
  if (Reflect.get(driver, 'octavoPatch') === driverPatch) return
  throw new Error(
    `The driver "postgres" lacks our patch ${driverPatch}: run \`npx patch-package\` and start again.`,
  )
}

/**
 * One pool. Nothing is left to the driver's defaults or its PG* environment variables.
 * @throws {Error} the driver is unpatched, the URL is wrong, or the password's file cannot be read
 */
export function openPool(options: DatabaseOptions, poolMax: number): Sql {
  refuseUnpatchedDriver()
  return connect(driverOptions(options, poolMax))
}

/**
 * One connection for one long task (a migration, an index): no statement timeout, no pool, nothing prepared.
 * `begin` is the driver's own: with a single user the guard has nothing to guard.
 */
export function openSession(
  connection: Pick<DatabaseOptions, 'url' | 'password' | 'passwordFile'>,
  applicationName: string,
): Sql {
  refuseUnpatchedDriver()
  const shape = { poolMax: 1, prepare: false, statementTimeoutMs: 0, connectTimeoutMs: 10_000 }
  const options = driverOptions({ ...connection, ...shape, applicationName }, 1)
  return connect({ ...options, idle_timeout: 0, max_lifetime: null })
}

type Known = Options<Record<string, PostgresType>>
/** The driver's options as it reads them; its own types lack three of them. */
type DriverOptions = Omit<Known, 'host' | 'port'> & {
  host: string[]
  port: number[]
  max_pipeline: number
}

const connect = (options: DriverOptions): Sql => postgres(options as unknown as Known)

function driverOptions(options: DatabaseOptions, poolMax: number): DriverOptions {
  const url = new URL(options.url)
  const user = decodeURIComponent(url.username)
  return {
    ...addressOf(url),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    user,
    password: passwordOf(options, decodeURIComponent(url.password)),
    ssl: sslOf(url.searchParams.get('sslmode')),
    max: poolMax,
    max_pipeline: pipelineMax,
    // Jittered, so that a pool does not renew all its connections in one moment.
    max_lifetime: 60 * (30 + Math.random() * 30),
    idle_timeout: 300,
    connect_timeout: options.connectTimeoutMs / 1000,
    // The driver's own backoff waits up to 20 s; Postgres' return must be noticed within 2 s.
    backoff: (attempt) => Math.min(0.05 * 2 ** attempt, 0.5),
    keep_alive: keepAliveSeconds,
    prepare: options.prepare,
    // Its own query for array types is an unhandled rejection when the database is away.
    fetch_types: false,
    types: {},
    debug: false,
    onnotice: () => {},
    publications: 'none',
    transform: { undefined: undefined },
    connection: sessionSettings(options),
  }
}

// A pooler in transaction mode refuses unknown start-up settings; there they belong to the role.
function sessionSettings(options: DatabaseOptions) {
  const named = { application_name: options.applicationName }
  if (!options.prepare) return named
  return {
    ...named,
    TimeZone: 'UTC',
    statement_timeout: options.statementTimeoutMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    // A plan made while a table was empty reads all of it, and is kept when the table has grown.
    enable_seqscan: 'off',
  }
}

/** `?host=/folder` names a unix socket. Arrays, because the driver splits a string at colons: an IPv6 address too. */
function addressOf(url: URL): { host: string[]; port: number[]; path?: string } {
  const port = Number(url.port || 5432)
  const named = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  if (named.startsWith('/'))
    return { host: [named], port: [port], path: `${named}/.s.PGSQL.${port}` }
  const host = named.split(',').map((name) => name.replace(/^\[(.*)\]$/, '$1'))
  return { host, port: host.map(() => port) }
}

function passwordOf(options: DatabaseOptions, inUrl: string): string | (() => string) {
  const { passwordFile, password } = options
  if (passwordFile === undefined) return password ?? inUrl
  let last = readFileSync(passwordFile, 'utf8').trimEnd()
  return () => {
    try {
      last = readFileSync(passwordFile, 'utf8').trimEnd()
    } catch {
      // Just being replaced: the last one may still be right. An error here would end the process, in the driver.
    }
    return last
  }
}

function sslOf(mode: string | null): NonNullable<Known['ssl']> {
  if (mode === null || mode === 'disable') return false
  if (mode === 'allow' || mode === 'prefer' || mode === 'require' || mode === 'verify-full')
    return mode
  throw new Error(`sslmode=${mode} is not supported: use disable, prefer, require or verify-full`)
}
