import { AppError } from '../http/problems.ts'
import type { LimitName, Limits, LimitVerdict } from '../ports/redis.ts'

const seconds = (ms: number): number => Math.max(0, Math.ceil(ms / 1000))

/** `RateLimit` and `RateLimit-Policy` of one verdict (draft-ietf-httpapi-ratelimit-headers). */
export function limitHeaders(name: LimitName, verdict: LimitVerdict): Record<string, string> {
  return {
    RateLimit: `"${name}";r=${verdict.remaining};t=${seconds(verdict.resetMs)}`,
    'RateLimit-Policy': `"${name}";q=${verdict.limit};w=${verdict.windowSeconds}`,
  }
}

/**
 * Counts one request.
 * @throws {AppError} `rate_limited` with `Retry-After` when the subject has none left
 */
export async function consumeLimit(
  limits: Limits,
  name: LimitName,
  subject: string,
): Promise<LimitVerdict> {
  const verdict = await limits.consume(name, subject)
  if (verdict.allowed) return verdict
  throw new AppError('rate_limited', `More requests than this ${name} may send.`, {
    headers: {
      'Retry-After': String(Math.max(1, seconds(verdict.resetMs))),
      ...limitHeaders(name, verdict),
    },
  })
}
