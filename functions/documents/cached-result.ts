import type { Cache } from '../_shared/ports/redis.ts'

const keptMs = 10 * 60 * 1000
// Larger values cost Redis more than Postgres saves, and one tenant could fill it.
const charactersMax = 512 * 1024

// A run's pages never change once it has completed, and another run has another id: no entry can be stale.
type Results = { tenantId: string; id: string; jobId: string }

const parts = ['page', 'words'] as const
export type ResultPart = (typeof parts)[number]

export const resultKey = ({ tenantId, id, jobId }: Results, part: ResultPart, number: number) =>
  `result:${tenantId}:${id}:${jobId}:${part}:${number}`

const keysPerCommand = 1_000

/** Takes a document's pages out of the cache: nobody can ask for them any more, and nobody shall find them there. */
export async function forgetResults(
  cache: Cache,
  results: Results & { pageCount: number | null },
): Promise<void> {
  const numbers = Array.from({ length: results.pageCount ?? 0 }, (_, index) => index + 1)
  const keys = numbers.flatMap((number) => parts.map((part) => resultKey(results, part, number)))
  for (let start = 0; start < keys.length; start += keysPerCommand)
    await cache.delete(...keys.slice(start, start + keysPerCommand))
}

/**
 * Reads through the cache.
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
