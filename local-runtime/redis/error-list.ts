import { request } from 'node:http'
import type { Redis } from 'ioredis'
import type { ErrorEntry, ErrorList } from '../../functions/_shared/ports/redis.ts'

export const errorListKey = 'logs:errors'
const relayTimeoutMs = 150

type RelayEntries = { entries: ErrorEntry[]; degraded: boolean; dropped: number }

/** The error list in Redis; the relay's own memory of it while Redis is away. */
export function newErrorList(client: Redis, relaySocket: string): ErrorList {
  return {
    async read(limit) {
      const relayed = readRelay(relaySocket, limit).catch(() => null)
      try {
        const lines = await client.lrange(errorListKey, 0, limit - 1)
        const entries = lines.map((line) => JSON.parse(line) as ErrorEntry)
        return { entries, degraded: false, dropped: (await relayed)?.dropped ?? 0 }
      } catch {
        const { entries, dropped } = (await relayed) ?? { entries: [], dropped: 0 }
        return { entries: entries.slice(0, limit), degraded: true, dropped }
      }
    },
  }
}

/**
 * Asks the relay for what it holds, newest first.
 * @throws {Error} it does not answer within 150 ms
 */
export function readRelay(socketPath: string, limit: number): Promise<RelayEntries> {
  return new Promise((resolve, reject) => {
    const path = `/entries?limit=${limit}`
    const req = request({ socketPath, path, timeout: relayTimeoutMs }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        try {
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as RelayEntries)
        } catch (err) {
          reject(err)
        }
      })
    })
    req.on('timeout', () => req.destroy(new Error('The relay did not answer in time.')))
    req.on('error', reject)
    req.end()
  })
}
