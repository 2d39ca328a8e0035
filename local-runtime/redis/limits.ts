import type { Redis } from 'ioredis'
import {
  type IRateLimiterRes,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible'
import type { LimitName, Limits, LimitVerdict } from '../../functions/_shared/ports/redis.ts'

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
export function newLimits(client: Redis, settings: LimitSettings): Limits {
  const policies = policiesOf(settings)
  const limiters = {
    key: newLimiter(client, 'key', policies.key),
    address: newLimiter(client, 'address', policies.address),
    auth_failure: newLimiter(client, 'auth_failure', policies.auth_failure),
  }
  return {
    async consume(name, subject, points = 1) {
      const policy = policies[name]
      try {
        return verdict(await limiters[name].consume(subject, points), policy, true)
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return verdict(refusal, policy, false)
        throw refusal
      }
    },
    async peek(name, subject) {
      const policy = policies[name]
      const { points: limit, seconds: windowSeconds } = policy
      const counted = await limiters[name].get(subject)
      if (counted === null)
        return { allowed: true, limit, windowSeconds, remaining: limit, resetMs: 0 }
      return verdict(counted, policy, (counted.consumedPoints ?? 0) < limit)
    },
  }
}

const newLimiter = (client: Redis, name: LimitName, { points, seconds }: Policy) =>
  new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    keyPrefix: `limit:${name}`,
    points,
    duration: seconds,
    // A subject that is over its limit costs Redis nothing more until its window ends.
    inMemoryBlockOnConsumed: points + 1,
    insuranceLimiter: new RateLimiterMemory({
      keyPrefix: `limit:${name}`,
      points,
      duration: seconds,
    }),
  })

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
