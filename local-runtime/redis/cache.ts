import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Cache } from '../../functions/_shared/ports/redis.ts'

const prefix = 'cache:'
// What one process remembers while Redis is away.
const memoryCharactersMax = 8 * 1024 * 1024

/** Values in Redis; in this process alone while Redis is away. */
export function newCache(client: Redis): Cache {
  const memory = new LRUCache<string, string>({
    maxSize: memoryCharactersMax,
    sizeCalculation: (value, key) => value.length + key.length + 1,
  })
  // What was remembered during an outage may be older than what Redis holds.
  client.on('ready', () => memory.clear())
  return {
    get: (key) => client.get(prefix + key).catch(() => memory.get(key) ?? null),
    async set(key, value, ttlMs) {
      const ttl = Math.max(1, Math.round(ttlMs))
      await client.set(prefix + key, value, 'PX', ttl).catch(() => memory.set(key, value, { ttl }))
    },
    async delete(...keys) {
      for (const key of keys) memory.delete(key)
      if (keys.length === 0) return
      // Redis forgets everything it holds when it ends; while it is away there is nothing to delete.
      await client.del(keys.map((key) => prefix + key)).catch(() => 0)
    },
  }
}
