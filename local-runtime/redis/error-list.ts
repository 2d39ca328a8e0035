import type { Redis } from 'ioredis'
import { AppError } from '../../functions/_shared/http/problems.ts'
import type { ErrorEntry, ErrorList } from '../../functions/_shared/ports/redis.ts'
import { readRelayEntries, readRelayGroups } from '../relay/reader.ts'
import { errorListKey } from '../relay/recent-entries.ts'
import type { CircuitBreaker } from './breaker.ts'

/** The error list in Redis; the relay's own memory of it while Redis is away. The relay alone counts groups. */
export function newErrorList(
  client: Redis,
  breaker: CircuitBreaker,
  relaySocket: string,
): ErrorList {
  return {
    async read(limit) {
      const relayed = readRelayEntries(relaySocket, limit).catch(() => null)
      try {
        const lines = await breaker.run(() => client.lrange(errorListKey, 0, limit - 1))
        const entries = lines.map((line) => JSON.parse(line) as ErrorEntry)
        return { entries, degraded: false, dropped: (await relayed)?.dropped ?? 0 }
      } catch {
        const { entries, dropped } = (await relayed) ?? { entries: [], dropped: 0 }
        return { entries: entries.slice(0, limit), degraded: true, dropped }
      }
    },
    async groups() {
      try {
        return await readRelayGroups(relaySocket)
      } catch (cause) {
        const text = 'The relay, which counts, does not answer right now.'
        throw new AppError('unavailable', text, { cause })
      }
    },
  }
}
