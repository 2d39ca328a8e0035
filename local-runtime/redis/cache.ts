import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Cache } from '../../functions/_shared/ports/redis.ts'
import type { CircuitBreaker } from './breaker.ts'

const prefix = 'cache:'
// What one process remembers while Redis is away.
const memoryCharactersMax = 8 * 1024 * 1024

/** Values in Redis; in this process alone while Redis is away or does not answer. */
export function newCache(client: Redis, breaker: CircuitBreaker): Cache {
  const memory = new LRUCache<string, string>({
    maxSize: memoryCharactersMax,
    sizeCalculation: (value, key) => value.length + key.length + 1,
  })
  // What was remembered during an outage may be older than what Redis holds.
  const trustRedis = () => {
    if (memory.size > 0) memory.clear()
  }
  client.on('ready', trustRedis)
  // Waits for nothing: a Redis that stands still runs it when it wakes, so that it then tells nothing outdated;
  // one that ended has forgotten everything it held.
  const deleteLater = (keys: string[]) => {
    client.del(keys.map((key) => prefix + key)).catch(() => {})
  }
  return {
    async get(key) {
      try {
        const value = await breaker.run(() => client.get(prefix + key))
        trustRedis()
        return value
      } catch {
        return memory.get(key) ?? null
      }
    },
    async set(key, value, ttlMs) {
      const ttl = Math.max(1, Math.round(ttlMs))
      try {
        await breaker.run(() => client.set(prefix + key, value, 'PX', ttl))
      } catch {
        memory.set(key, value, { ttl })
        deleteLater([key])
      }
    },
    async delete(...keys) {
      for (const key of keys) memory.delete(key)
      if (keys.length === 0) return
      const redisKeys = keys.map((key) => prefix + key)
      await breaker.run(() => client.del(redisKeys)).catch(() => deleteLater(keys))
    },
  }
}
