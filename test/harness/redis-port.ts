import type {
  Cache,
  ErrorEntry,
  ErrorGroup,
  LimitName,
  Limits,
  RedisPort,
} from '../../functions/_shared/ports/redis.ts'
import { Groups } from '../../local-runtime/relay/groups.ts'

const windowMs = 1_000

export type MemoryRedisOptions = {
  now: () => Date
  /** Requests per second; a name that is absent is never limited. */
  limits?: Partial<Record<LimitName, number>>
}

/** What functions may ask of Redis, answered from memory by the test's clock. */
export function memoryRedis(options: MemoryRedisOptions): RedisPort & { entries: ErrorEntry[] } {
  const entries: ErrorEntry[] = []
  const startedAt = options.now().toISOString()
  return {
    entries,
    cache: memoryCache(options.now),
    limits: memoryLimits(options),
    errorList: {
      read: async (limit) => ({ entries: entries.slice(0, limit), degraded: false, dropped: 0 }),
      groups: async () => ({ items: groupsOf(entries), since: startedAt }),
    },
    state: async () => ({ status: 'ok', version: 'memory' }),
  }
}

/** Counted as the relay counts, oldest first. */
function groupsOf(entries: readonly ErrorEntry[]): ErrorGroup[] {
  const groups = new Groups()
  for (const entry of entries.toReversed()) groups.add(entry)
  return groups.list()
}

function memoryCache(now: () => Date): Cache {
  const values = new Map<string, { value: string; expiresAt: number }>()
  return {
    async get(key) {
      const found = values.get(key)
      return found && found.expiresAt > now().getTime() ? found.value : null
    },
    async set(key, value, ttlMs) {
      values.set(key, { value, expiresAt: now().getTime() + ttlMs })
    },
    async delete(...keys) {
      for (const key of keys) values.delete(key)
    },
  }
}

function memoryLimits({ now, limits = {} }: MemoryRedisOptions): Limits {
  const counts = new Map<string, number>()
  const verdict = async (name: LimitName, subject: string, points: number) => {
    const time = now().getTime()
    const counter = `${name} ${subject} ${Math.floor(time / windowMs)}`
    const used = (counts.get(counter) ?? 0) + points
    if (points > 0) counts.set(counter, used)
    const limit = limits[name] ?? 1_000_000
    const remaining = Math.max(0, limit - used)
    // `peek` asks whether one more would pass.
    const allowed = points > 0 ? used <= limit : used < limit
    const resetMs = windowMs - (time % windowMs)
    return { allowed, limit, windowSeconds: windowMs / 1_000, remaining, resetMs }
  }
  return {
    consume: (name, subject, points = 1) => verdict(name, subject, points),
    peek: (name, subject) => verdict(name, subject, 0),
  }
}
