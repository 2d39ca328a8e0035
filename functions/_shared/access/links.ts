import type { Call } from '../http/call.ts'
import { AppError } from '../http/problems.ts'
import type { RedisPort } from '../ports/redis.ts'
import { hashSecret, toHex } from './keys.ts'

// A link is a secret in an address: no cache keeps what it shows, no other site and no search engine learns of it.
export const secretive = {
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex',
}

const secretBytes = 32
// The form of an API key, but longer: whatever hides keys in logs hides these, and neither passes for the other.
const pattern = /^oct_([0-9a-f]{32})_([0-9a-f]{32})([0-9a-f]{64})$/

/** Which link a token is of, and its secret. It names the tenant, so that a look-up reads the rows of one alone. */
export type LinkToken = { tenantId: string; id: string; secret: string }

const hexOf = (uuid: string): string => uuid.replaceAll('-', '')

const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** A new token for the row `id`. `text` is shown once and stored nowhere. */
export async function newToken(
  tenantId: string,
  id: string,
): Promise<{ text: string; secretSha256: Uint8Array }> {
  const secret = toHex(crypto.getRandomValues(new Uint8Array(secretBytes)))
  const text = `oct_${hexOf(tenantId)}_${hexOf(id)}${secret}`
  return { text, secretSha256: await hashSecret(secret) }
}

/** @returns `null` for what {@link newToken} never made */
export function parseToken(text: string): LinkToken | null {
  const [, tenant, id, secret] = pattern.exec(text) ?? []
  if (!tenant || !id || !secret) return null
  return { tenantId: uuidOf(tenant), id: uuidOf(id), secret }
}

/**
 * Refuses a link that opens nothing, alike whatever the reason.
 * @throws {AppError} always: `not_found`, or `rate_limited` after many of those from one address
 */
export async function refuseLink(redis: RedisPort, c: Call, what: string): Promise<never> {
  const address = c.request.headers.get('x-client-address') ?? 'local'
  // Counted apart from failed keys of that address; who has a link that opens is never refused by it.
  const verdict = await redis.limits.consume('auth_failure', `${what} ${address}`)
  if (verdict.allowed)
    throw new AppError('not_found', 'There is nothing here.', { headers: secretive })
  throw new AppError('rate_limited', 'Too many links that open nothing from this address.', {
    headers: {
      ...secretive,
      'Retry-After': String(Math.max(1, Math.ceil(verdict.resetMs / 1000))),
    },
  })
}
