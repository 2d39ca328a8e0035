import { defineCommand } from 'citty'
import { Redis } from 'ioredis'
import { openSession } from '../../db/driver.ts'
import { isUnavailable } from '../../db/errors.ts'
import { loadConfig } from '../config.ts'
import { orExplain } from './terminal.ts'

const redisTimeoutMs = 2_000

export const sql = defineCommand({
  meta: { name: 'sql', description: 'Ask the database one question; rows come as JSON lines' },
  args: {
    query: { type: 'positional', required: true, description: 'One statement; it cannot write' },
  },
  run: ({ args }) => orExplain(() => printRows(args.query)),
})

// In the extended protocol the server takes one statement, and no second one behind a semicolon that could end the
// read-only transaction.
const oneStatement = { prepare: true, simple: false }

async function printRows(query: string): Promise<void> {
  const { database } = loadConfig()
  const password = database.password === null ? {} : { password: database.password.reveal() }
  const session = openSession({ url: database.url, ...password }, 'octavo-sql')
  try {
    await session.begin('read only', async (tx) => {
      const rows = await tx.unsafe(query, [], oneStatement)
      for (const row of rows) console.log(JSON.stringify(row))
    })
  } catch (err) {
    throw new Error(refusalOf(err), { cause: err })
  } finally {
    await session.end({ timeout: 1 })
  }
}

// Whoever may ask here may know everything: what Postgres says is shown as it is.
function refusalOf(err: unknown): string {
  const { message, code, hint } = err as Error & { code?: string; hint?: string }
  // A write in a read-only transaction, which elsewhere means a standby.
  const isWrite = code === '25006'
  if (isUnavailable(err) && !isWrite)
    return 'The database does not answer. Start the stack with ./deploy-local.sh'
  return `Postgres refuses this: ${message}${code ? ` (${code})` : ''}${hint ? `\n${hint}` : ''}`
}

export const redis = defineCommand({
  meta: { name: 'redis', description: 'Give Redis one command; lists come as lines' },
  args: { command: { type: 'positional', required: true, description: 'Name and arguments' } },
  run: ({ rawArgs }) =>
    orExplain(async () => {
      const { redis: target } = loadConfig()
      const client = new Redis(target.url, {
        ...(target.password === null ? {} : { password: target.password.reveal() }),
        retryStrategy: null,
        maxRetriesPerRequest: 0,
        commandTimeout: redisTimeoutMs,
        lazyConnect: true,
      })
      client.on('error', () => {})
      try {
        await client.connect()
        const [name = '', ...args] = rawArgs
        const answer = await client.call(name, ...args)
        for (const line of Array.isArray(answer) ? answer : [answer]) console.log(String(line))
      } finally {
        client.disconnect()
      }
    }),
})
