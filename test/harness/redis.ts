import { randomInt } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { type RunningRedis, startRedis } from '../../local-runtime/services/redis.ts'
import { onFileEnd } from './database.ts'
import { servicesDir } from './services-folder.ts'
import { temporaryFolder } from './temporary-folder.ts'

const startsMax = 5

let shared: Promise<RunningRedis> | undefined

/** This file's own Redis: started when first asked for, stopped after the file. */
export function testRedis(): Promise<RunningRedis> {
  if (shared === undefined) {
    shared = startTestRedis()
    onFileEnd(() => {
      shared = undefined
    })
  }
  return shared
}

/** One more Redis, for a test that stops or kills it. */
export async function startTestRedis(): Promise<RunningRedis> {
  const home = await temporaryFolder()
  onFileEnd(() => rm(home, { recursive: true, force: true }))
  const redis = await startOnFreePort(home)
  onFileEnd(async () => {
    await redis.stop()
  })
  return redis
}

// Two files may draw the same port; the next draw will not.
async function startOnFreePort(home: string): Promise<RunningRedis> {
  for (let start = 1; ; start += 1) {
    try {
      return await startRedis({ home, port: randomInt(12_000, 29_000), servicesDir })
    } catch (err) {
      if (start === startsMax) throw err
    }
  }
}
