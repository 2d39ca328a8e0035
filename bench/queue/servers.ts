import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import { startPostgres } from '../../local-runtime/services/postgres.ts'
import { startRedis } from '../../local-runtime/services/redis.ts'
import type { Servers } from './contestant.ts'

const database = 'queue_bench'
// BullMQ keeps its backlog in memory: the stack's 64 MiB would refuse it.
const redisBytesMax = 2 * 1024 ** 3

export type RunningServers = {
  servers: Servers
  /** An empty database and an empty Redis, as after a first start. */
  empty(): Promise<void>
  stop(): Promise<void>
}

/** The stack's embedded Postgres, durable and with its settings, and its Redis, in a home of their own. */
export async function startServers(port: number): Promise<RunningServers> {
  const home = mkdtempSync(join(tmpdir(), 'octavo-queue-'))
  const server = await startPostgres({ home, port })
  const redis = await startRedis({ home, port: port + 1, bytesMax: redisBytesMax })
  const password = server.superuserPassword.reveal()
  const admin = postgres(server.superuserUrl, { password, max: 1, onnotice: () => {} })
  await admin`grant pg_checkpoint to app_user`
  const redisLogin = { path: redis.socket, password: redis.password.reveal() }
  return {
    servers: {
      postgres: {
        host: join(home, 'run'),
        port,
        user: 'app_user',
        password: server.password.reveal(),
        database,
      },
      redis: redisLogin,
    },
    async empty() {
      await admin.unsafe(`drop database if exists ${database} with (force)`)
      await admin.unsafe(`create database ${database} owner app_user`)
      await emptyRedis(redisLogin)
    },
    async stop() {
      await admin.end()
      await Promise.all([redis.stop(), server.stop()])
      rmSync(home, { recursive: true })
    },
  }
}

async function emptyRedis(login: Servers['redis']): Promise<void> {
  const client = new Redis(login)
  await client.flushall()
  // What BullMQ asks for; nothing else in it could be evicted either.
  await client.config('SET', 'maxmemory-policy', 'noeviction')
  await client.quit()
}
