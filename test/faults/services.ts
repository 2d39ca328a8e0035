import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { startPostgres } from '../../local-runtime/services/postgres.ts'
import { startRedis } from '../../local-runtime/services/redis.ts'
import { onFileEnd } from '../harness/database.ts'
import { servicesDir } from '../harness/services-folder.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

type Service = { pid: number; url: string; stop: () => Promise<unknown> }

/** A service that is not the stack's own: nobody but the test stops it, and nobody starts it again. */
export type Foreign = {
  url: string
  pid: () => number
  stop(): Promise<void>
  start(): Promise<void>
}

export async function foreignPostgres(): Promise<Foreign> {
  return keep(async (home, port) => {
    const server = await startPostgres({ home, port })
    return { ...server, url: withPassword(server.url, server.password.reveal()) }
  })
}

export async function foreignRedis(): Promise<Foreign> {
  return keep(async (home, port) => {
    const server = await startRedis({ home, port, servicesDir })
    return { ...server, url: withPassword(server.url, server.password.reveal()) }
  })
}

async function keep(begin: (home: string, port: number) => Promise<Service>): Promise<Foreign> {
  const home = await temporaryFolder()
  const port = randomInt(12_000, 19_000)
  let running = await begin(home, port)
  onFileEnd(async () => {
    await running.stop()
    await rm(home, { recursive: true, force: true })
  })
  return {
    url: running.url,
    pid: () => running.pid,
    stop: async () => {
      await running.stop()
    },
    start: async () => {
      running = await begin(home, port)
    },
  }
}

function withPassword(url: string, password: string): string {
  const changed = new URL(url)
  changed.password = password
  return changed.href
}
