import type { Cache } from '../_shared/ports/redis.ts'

const keptMs = 10 * 60 * 1000
// Larger values cost Redis more than Postgres saves, and one tenant could fill it.
const charactersMax = 512 * 1024

/**
 * Reads through the cache. The key names tenant, document and version, so that no entry can be stale.
 * A cache that is away, or holds something else, costs nothing but the read.
 */
export async function cachedResult<T>(
  cache: Cache,
  key: string,
  read: () => Promise<T>,
): Promise<T> {
  const kept = await cache.get(key)
  if (kept !== null) return JSON.parse(kept) as T
  const value = await read()
  const text = JSON.stringify(value)
  if (text.length <= charactersMax) await cache.set(key, text, keptMs)
  return value
}
