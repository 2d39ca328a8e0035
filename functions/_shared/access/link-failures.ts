import type { Call } from '../http/call.ts'
import { AppError } from '../http/problems.ts'
import type { Limits } from '../ports/redis.ts'

type Failure = {
  /** What kind of link it was; each is counted by itself, and apart from failed keys of the address. */
  kind: 'share' | 'invite' | 'calendar'
  headers?: Record<string, string>
}

/**
 * What a link that opens nothing answers, whatever the reason. Who has a link that opens is never refused by it.
 * @returns `not_found`; `rate_limited` after many of those from one address
 */
export async function linkFailure(
  limits: Limits,
  c: Call,
  { kind, headers = {} }: Failure,
): Promise<AppError> {
  const address = c.request.headers.get('x-client-address') ?? 'local'
  const verdict = await limits.consume('auth_failure', `${kind} ${address}`)
  if (verdict.allowed) return new AppError('not_found', 'There is nothing here.', { headers })
  return new AppError('rate_limited', 'Too many links that open nothing from this address.', {
    headers: {
      ...headers,
      'Retry-After': String(Math.max(1, Math.ceil(verdict.resetMs / 1000))),
    },
  })
}
