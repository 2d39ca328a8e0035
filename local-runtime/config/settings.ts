import * as z from 'zod'
import { bytes, flag, groups, milliseconds, oneOf, origins, urlOf, wholeNumber } from './values.ts'

/** What a reader of `.env.example` and of the configuration table learns of a variable. */
export type SettingDocument = {
  group: string
  description: string
  unit?: string
  default?: string // as it would be written in the environment
  defaultMeans?: string // what happens when it is not set and there is no default value
  example: string
  secret?: boolean // the value itself is never shown
}

const defaultless = (type: z.ZodType<string, string>, document: SettingDocument) =>
  type.optional().meta(document)

function setting<Value>(
  type: z.ZodType<Value, string>,
  document: SettingDocument & { default: string },
) {
  return z.string().default(document.default).pipe(type).meta(document)
}

const text = z.string()
const mebibytes = wholeNumber({ min: 64, max: 65_536 })
const shortDelay = milliseconds({ min: 50, max: 600_000 })
const rate = wholeNumber({ min: 1, max: 10_000_000 })

const stack = {
  OCTAVO_HOME: setting(text, {
    group: 'Stack',
    description:
      'Folder of all state: data, sockets, logs, secrets. A relative path starts at the checkout. Two stacks need two homes and two ports.',
    default: '.local',
    example: '/var/lib/octavo',
  }),
  OCTAVO_PORT: setting(wholeNumber({ min: 1, max: 32_767 }), {
    group: 'Stack',
    description:
      'TCP port of Caddy, the one public entrance. The ports of Postgres, Redis and metrics are derived from it.',
    default: '8080',
    example: '18080',
  }),
  OCTAVO_BIND: setting(z.union([z.ipv4(), z.ipv6()], { error: 'give an IP address' }), {
    group: 'Stack',
    description:
      'Address that Caddy listens on; 0.0.0.0 opens it to the network. Everything else stays on 127.0.0.1.',
    default: '127.0.0.1',
    example: '0.0.0.0',
  }),
  OCTAVO_SECRET: defaultless(text, {
    group: 'Stack',
    description:
      'Application secret of 32 bytes, as 64 hexadecimal digits or base64: signs cursors and tickets, seals document passwords.',
    defaultMeans: 'generated in OCTAVO_HOME/secrets/app-secret',
    example: '64 hexadecimal digits',
    secret: true,
  }),
  OCTAVO_SECRET_FILE: defaultless(text, {
    group: 'Stack',
    description: 'File that holds the application secret, instead of OCTAVO_SECRET.',
    defaultMeans: 'OCTAVO_HOME/secrets/app-secret',
    example: '/run/secrets/octavo-secret',
  }),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error'), {
    group: 'Stack',
    description:
      'Least severe level that processes write to their log: debug, info, warn or error.',
    default: 'info',
    example: 'debug',
  }),
  OCTAVO_LOG_FILE_BYTES_MAX: setting(bytes({ min: 4096, max: 1024 ** 3 }), {
    group: 'Stack',
    description: 'Size at which a process log in OCTAVO_HOME/logs is rotated.',
    unit: 'bytes',
    default: '10MiB',
    example: '64MiB',
  }),
  OCTAVO_LOG_FILES_MAX: setting(wholeNumber({ min: 1, max: 100 }), {
    group: 'Stack',
    description: 'Files kept for each process log, the current one included.',
    default: '4',
    example: '10',
  }),
}

const database = {
  DATABASE_URL: defaultless(urlOf('postgres', 'postgresql'), {
    group: 'Database',
    description:
      'A Postgres 16 server to use instead of the embedded one. A password in it works, DATABASE_PASSWORD_FILE is better.',
    defaultMeans: 'embedded Postgres 16',
    example: 'postgres://app_user@db.internal:5432/app_db',
    secret: true,
  }),
  DATABASE_PASSWORD: defaultless(text, {
    group: 'Database',
    description: 'Password of the database role.',
    defaultMeans:
      'generated in OCTAVO_HOME/secrets/database-password (embedded), none (DATABASE_URL)',
    example: 'a long random text',
    secret: true,
  }),
  DATABASE_PASSWORD_FILE: defaultless(text, {
    group: 'Database',
    description: 'File that holds the password of the database role, instead of DATABASE_PASSWORD.',
    defaultMeans: 'OCTAVO_HOME/secrets/database-password (embedded)',
    example: '/run/secrets/database-password',
  }),
  DATABASE_POOL_MAX: setting(wholeNumber({ min: 1, max: 100 }), {
    group: 'Database',
    description: 'Connections of one isolate or worker at most; 4 to 10 are enough on few cores.',
    unit: 'connections',
    default: '8',
    example: '4',
  }),
  DATABASE_PREPARE: setting(flag, {
    group: 'Database',
    description:
      'Prepare statements. Set it to false behind a transaction pooler such as PgBouncer.',
    default: 'true',
    example: 'false',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: setting(shortDelay, {
    group: 'Database',
    description: 'Longest time for one statement; keep it below REQUEST_TIMEOUT_MS.',
    unit: 'milliseconds',
    default: '20000',
    example: '10s',
  }),
  DATABASE_CONNECT_TIMEOUT_MS: setting(shortDelay, {
    group: 'Database',
    description: 'Longest time to open one connection.',
    unit: 'milliseconds',
    default: '5000',
    example: '2s',
  }),
  DEBUG_SQL: setting(flag, {
    group: 'Database',
    description: 'Log the text of every statement, never its values.',
    default: 'false',
    example: 'true',
  }),
}

const redis = {
  REDIS_URL: defaultless(urlOf('redis', 'rediss'), {
    group: 'Redis',
    description:
      'A Redis server to use instead of one of our own; rediss:// for TLS. It needs no CONFIG right. A password in it works, REDIS_PASSWORD_FILE is better.',
    defaultMeans: 'a Redis of our own',
    example: 'rediss://cache.internal:6380',
    secret: true,
  }),
  REDIS_PASSWORD: defaultless(text, {
    group: 'Redis',
    description: 'Password of Redis.',
    defaultMeans: 'generated in OCTAVO_HOME/secrets/redis-password (our own), none (REDIS_URL)',
    example: 'a long random text',
    secret: true,
  }),
  REDIS_PASSWORD_FILE: defaultless(text, {
    group: 'Redis',
    description: 'File that holds the password of Redis, instead of REDIS_PASSWORD.',
    defaultMeans: 'OCTAVO_HOME/secrets/redis-password (our own)',
    example: '/run/secrets/redis-password',
  }),
  REDIS_BYTES_MAX: setting(bytes({ min: 4 * 1024 ** 2, max: 1024 ** 4 }), {
    group: 'Redis',
    description:
      'Memory of our own Redis; beyond it the entries with a lifetime that were used longest ago go first.',
    unit: 'bytes',
    default: '64MiB',
    example: '256MiB',
  }),
  REDIS_COMMAND_TIMEOUT_MS: setting(milliseconds({ min: 10, max: 10_000 }), {
    group: 'Redis',
    description:
      'Longest time for one command of limits, cache or error list; then they work without Redis.',
    unit: 'milliseconds',
    default: '150',
    example: '300',
  }),
}

const requests = {
  CORS_ORIGINS: setting(origins, {
    group: 'Requests',
    description:
      'Origins whose pages may call the API, separated by commas; `*localhost*` allows any port of localhost.',
    default: '',
    example: 'https://app.example.com,https://admin.example.com',
  }),
  UPLOAD_BYTES_MAX: setting(bytes({ min: 1024, max: 10 * 1024 ** 3 }), {
    group: 'Requests',
    description: 'Largest uploaded file.',
    unit: 'bytes',
    default: '100MiB',
    example: '1GiB',
  }),
  JSON_BYTES_MAX: setting(bytes({ min: 1024, max: 64 * 1024 ** 2 }), {
    group: 'Requests',
    description: 'Largest JSON body.',
    unit: 'bytes',
    default: '1MiB',
    example: '4MiB',
  }),
  REQUEST_TIMEOUT_MS: setting(milliseconds({ min: 100, max: 28_000 }), {
    group: 'Requests',
    description:
      'Longest time for one request; the reply is then 503. At most 28 s, because Caddy gives up at 30 s and its 502 carries no cause. Uploads and event streams have limits of their own.',
    unit: 'milliseconds',
    default: '25000',
    example: '10s',
  }),
  UPLOAD_TIMEOUT_MS: setting(milliseconds({ min: 1000, max: 6 * 3_600_000 }), {
    group: 'Requests',
    description: 'Longest time for one upload.',
    unit: 'milliseconds',
    default: '15m',
    example: '1h',
  }),
  DUPLICATE_POLICY: setting(oneOf('link', 'refuse', 'version'), {
    group: 'Requests',
    description:
      'Reply to bytes that the tenant already has: link (200, the existing document), refuse (409), version (202, a new version).',
    default: 'link',
    example: 'version',
  }),
  RATE_KEY_PER_SECOND: setting(rate, {
    group: 'Requests',
    description: 'Requests of one API key, lasting.',
    unit: 'requests per second',
    default: '500',
    example: '50',
  }),
  RATE_KEY_BURST: setting(rate, {
    group: 'Requests',
    description: 'Requests of one API key at once.',
    unit: 'requests',
    default: '1000',
    example: '100',
  }),
  RATE_ADDRESS_PER_SECOND: setting(rate, {
    group: 'Requests',
    description: 'Requests of one client address, lasting.',
    unit: 'requests per second',
    default: '1000',
    example: '100',
  }),
  RATE_ADDRESS_BURST: setting(rate, {
    group: 'Requests',
    description: 'Requests of one client address at once.',
    unit: 'requests',
    default: '2000',
    example: '200',
  }),
  RATE_AUTH_FAILURES_PER_MINUTE: setting(rate, {
    group: 'Requests',
    description:
      'Failed authentications of one client address before further failures are answered 429; a valid key is never refused by it.',
    unit: 'failures per minute',
    default: '60',
    example: '10',
  }),
}

const processes = {
  OCTAVO_GROUPS: setting(groups, {
    group: 'Processes',
    description:
      'Which functions share an isolate: names separated by spaces, groups separated by `;`, or `each` for one isolate a function. Functions not named share one more isolate.',
    default: 'health docs logs; users keys; documents search; jobs',
    example: 'each',
  }),
  OCTAVO_ISOLATE_HEARTBEAT_MS: setting(shortDelay, {
    group: 'Processes',
    description: 'An isolate whose event loop is silent this long is killed and replaced.',
    unit: 'milliseconds',
    default: '5000',
    example: '10s',
  }),
  OCTAVO_ISOLATE_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description: 'JavaScript heap of one isolate.',
    unit: 'MiB',
    default: '512',
    example: '1024',
  }),
  OCTAVO_ISOLATE_DRAIN_MS: setting(shortDelay, {
    group: 'Processes',
    description: 'Time that a replaced isolate has to finish its requests.',
    unit: 'milliseconds',
    default: '30000',
    example: '10s',
  }),
  OCTAVO_WORKER_CONCURRENCY: setting(wholeNumber({ min: 1, max: 64 }), {
    group: 'Processes',
    description: 'Jobs that the worker runs at the same time.',
    unit: 'jobs',
    default: '2',
    example: '8',
  }),
  OCTAVO_LEASE_SECONDS: setting(wholeNumber({ min: 2, max: 600 }), {
    group: 'Processes',
    description:
      'Lifetime of a lease without heartbeat. A dead worker is noticed after this time; with 4 s its job is taken over within 5 s.',
    unit: 'seconds',
    default: '4',
    example: '30',
  }),
  OCTAVO_EXTRACTION_MEMORY_MB: setting(mebibytes, {
    group: 'Processes',
    description:
      'Memory of one extraction process; beyond it the document fails and the worker lives on.',
    unit: 'MiB',
    default: '1024',
    example: '2048',
  }),
  OCTAVO_EXTRACTION_DEADLINE_MS: setting(milliseconds({ min: 1000, max: 24 * 3_600_000 }), {
    group: 'Processes',
    description: 'Longest time for the extraction of one document; then it fails as `timeout`.',
    unit: 'milliseconds',
    default: '5m',
    example: '30m',
  }),
  OCTAVO_EXTRACTION_PAGES_MAX: setting(wholeNumber({ min: 1, max: 100_000 }), {
    group: 'Processes',
    description: 'Pages of one document at most; more fail as `too_many_pages`.',
    unit: 'pages',
    default: '2000',
    example: '10000',
  }),
  OCTAVO_RUN_EVENT_DAYS: setting(wholeNumber({ min: 1, max: 3650 }), {
    group: 'Processes',
    description: 'Time for which run events are kept.',
    unit: 'days',
    default: '30',
    example: '7',
  }),
  OCTAVO_JOB_HISTORY_DAYS: setting(wholeNumber({ min: 1, max: 3650 }), {
    group: 'Processes',
    description: 'Time for which finished jobs are kept.',
    unit: 'days',
    default: '90',
    example: '30',
  }),
}

/** Every variable that Octavo reads: the one place for meaning, unit, default and example. */
export const Settings = z.object({ ...stack, ...database, ...redis, ...requests, ...processes })

export type Settings = z.infer<typeof Settings>
export type SettingName = keyof Settings

/** The documents of all variables, in the order of the schema. */
export const settingDocuments = Object.entries(Settings.shape).map(([name, type]) => ({
  name,
  ...(type.meta() as SettingDocument),
}))
