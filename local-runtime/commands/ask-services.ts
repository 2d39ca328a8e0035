import { defineCommand } from 'citty'
import { Redis } from 'ioredis'
import { loadConfig } from '../config.ts'
import { orExplain } from './terminal.ts'
import { withDatabase } from './with-database.ts'

const redisTimeoutMs = 2_000

export const sql = defineCommand({
  meta: { name: 'sql', description: 'Ask the database one question; rows come as JSON lines' },
  args: {
    query: { type: 'positional', required: true, description: 'One statement; it cannot write' },
  },
  run: ({ args }) =>
    withDatabase(async ({ deps }) => {
      const rows = await deps.db.transaction((tx) => tx.execute(args.query), {
        accessMode: 'read only',
      })
      for (const row of rows) console.log(JSON.stringify(row))
    }),
})

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
