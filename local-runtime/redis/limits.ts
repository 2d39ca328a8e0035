import type { Redis } from 'ioredis'
import {
  type IRateLimiterRes,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import type { LimitName, Limits, LimitVerdict } from '../../functions/_shared/ports/redis.ts'
import type { CircuitBreaker } from './breaker.ts'

export type LimitSettings = {
  key: { perSecond: number; burst: number }
  address: { perSecond: number; burst: number }
  authFailure: { perMinute: number }
}

/** `burst` points every `seconds`: as many at once, and `burst / seconds` a second lasting. */
type Policy = { points: number; seconds: number }

const policiesOf = ({ key, address, authFailure }: LimitSettings): Record<LimitName, Policy> => ({
  key: { points: key.burst, seconds: Math.max(1, Math.round(key.burst / key.perSecond)) },
  address: {
    points: address.burst,
    seconds: Math.max(1, Math.round(address.burst / address.perSecond)),
  },
  auth_failure: { points: authFailure.perMinute, seconds: 60 },
})

/** Limits counted in Redis for all processes, and by each process for itself while Redis is away. */
export function newLimits(client: Redis, breaker: CircuitBreaker, settings: LimitSettings): Limits {
  const policies = policiesOf(settings)
  const newOne = (name: LimitName) => newLimiter(client, breaker, { name, ...policies[name] })
  const limiters = {
    key: newOne('key'),
    address: newOne('address'),
    auth_failure: newOne('auth_failure'),
  }
  return {
    async consume(name, subject, points = 1) {
      const { counted, allowed } = await limiters[name]((limiter) =>
        consumed(limiter, subject, points),
      )
      return verdict(counted, policies[name], allowed)
    },
    async peek(name, subject) {
      const policy = policies[name]
      const { points: limit, seconds: windowSeconds } = policy
      const counted = await limiters[name]((limiter) => limiter.get(subject))
      if (counted === null)
        return { allowed: true, limit, windowSeconds, remaining: limit, resetMs: 0 }
      return verdict(counted, policy, (counted.consumedPoints ?? 0) < limit)
    },
  }
}

type Counter = RateLimiterRedis | RateLimiterMemory

/** Being over the limit is an answer, too. */
async function consumed(limiter: Counter, subject: string, points: number) {
  try {
    return { counted: await limiter.consume(subject, points), allowed: true }
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) return { counted: refusal, allowed: false }
    throw refusal
  }
}

/** Asks the counter in Redis; the one in memory when that fails or is skipped. */
function newLimiter(
  client: Redis,
  breaker: CircuitBreaker,
  { name, points, seconds }: Policy & { name: LimitName },
) {
  const memory = new RateLimiterMemory({ points, duration: seconds })
  const shared = new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    keyPrefix: `limit:${name}`,
    points,
    duration: seconds,
    // A subject that is over its limit costs Redis nothing more until its window ends.
    inMemoryBlockOnConsumed: points + 1,
  })
  return <T>(ask: (limiter: Counter) => Promise<T>): Promise<T> =>
    breaker.run(() => ask(shared)).catch(() => ask(memory))
}

const verdict = (
  counted: IRateLimiterRes,
  { points, seconds }: Policy,
  allowed: boolean,
): LimitVerdict => ({
  allowed,
  limit: points,
  windowSeconds: seconds,
  remaining: Math.max(0, counted.remainingPoints ?? 0),
  resetMs: Math.max(0, counted.msBeforeNext ?? 0),
})
