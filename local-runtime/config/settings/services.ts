import { bytes, flag, milliseconds, urlOf, wholeNumber } from '../values.ts'
import { defaultless, setting, text } from './setting.ts'

const shortDelay = milliseconds({ min: 50, max: 600_000 })

export const database = {
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

export const redis = {
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
