import { LRUCache } from 'lru-cache'
import type { Db } from '../../../db/client.ts'
import { findKey } from '../../../db/system.ts'
import type { Identity } from '../http/call.ts'
import { AppError } from '../http/problems.ts'
import type { Limits } from '../ports/redis.ts'
import { equalBytes, equalText, hashSecret, type ParsedKey, parseKey } from './keys.ts'
import { effectiveRole } from './roles.ts'

// Under 1 s, so that revocation, disabling and role changes act within a second everywhere, with Redis or without.
// It costs one indexed read per key, second and process.
const cacheAgeMs = 900
const cachedKeysMax = 10_000

type KeyRow = NonNullable<Awaited<ReturnType<typeof findKey>>>
// The secret that was last found to match, as sent: comparing it again costs a tenth of hashing it again.
type CachedKey = { row: Promise<KeyRow | null>; readAtMs: number; provenSecret: string | null }

export type Authenticator = (header: string | null, address: string) => Promise<Identity>

const challenge = (detail: string, hint?: string): AppError =>
  new AppError('unauthorized', detail, {
    headers: { 'WWW-Authenticate': 'Bearer realm="octavo", error="invalid_token"' },
    ...(hint ? { hint } : {}),
  })

type AuthDeps = { db: Db; limits: Limits; now: () => Date }

/**
 * Turns an `Authorization` header into an identity.
 * A valid key is never refused because of others' failures from its address: those are counted apart.
 */
export function newAuthenticator({ db, limits, now }: AuthDeps): Authenticator {
  const cache = new LRUCache<string, CachedKey>({ max: cachedKeysMax })

  function readKey(keyId: string): CachedKey {
    const nowMs = now().getTime()
    const cached = cache.get(keyId)
    if (cached && Math.abs(nowMs - cached.readAtMs) < cacheAgeMs) return cached
    const row = findKey(db, keyId)
    const entry: CachedKey = { row, readAtMs: nowMs, provenSecret: null }
    cache.set(keyId, entry)
    // A failed read must not be remembered: the next request asks again.
    row.catch(() => cache.delete(keyId))
    return entry
  }

  async function findProven({ keyId, secret }: ParsedKey): Promise<KeyRow | null> {
    const entry = readKey(keyId)
    const row = await entry.row
    if (!row) return null
    if (entry.provenSecret !== null && equalText(secret, entry.provenSecret)) return row
    if (!equalBytes(await hashSecret(secret), row.secretSha256)) return null
    entry.provenSecret = secret
    return row
  }

  async function refuse(address: string, error: AppError): Promise<never> {
    const verdict = await limits.consume('auth_failure', address)
    if (verdict.allowed) throw error
    throw new AppError('rate_limited', 'Too many failed authentications from this address.', {
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(verdict.resetMs / 1000))) },
    })
  }

  return async (header, address) => {
    if (header === null)
      throw new AppError('unauthorized', 'This needs an API key.', {
        headers: { 'WWW-Authenticate': 'Bearer realm="octavo"' },
        hint: 'Send Authorization: Bearer oct_...',
      })
    const [scheme = '', text = '', ...rest] = header.trim().split(/ +/)
    const parsed = scheme.toLowerCase() === 'bearer' && rest.length === 0 ? parseKey(text) : null
    if (!parsed) return refuse(address, challenge('The API key is malformed.'))
    const row = await findProven(parsed)
    if (!row) return refuse(address, challenge('The API key is not valid.'))
    const role = usableRole(row, now())
    // Whoever holds the secret guesses nothing: this does not count as a failed attempt.
    if (typeof role !== 'string') throw role
    const { tenantId, userId, isOperator } = row
    return { tenantId, userId, keyId: parsed.keyId, role, isOperator }
  }
}

// Only whoever holds the secret learns why it no longer works.
function usableRole(row: KeyRow, now: Date) {
  if (row.revokedAt && row.revokedAt <= now) return challenge('The API key was revoked.')
  if (row.expiresAt && row.expiresAt <= now) return challenge('The API key has expired.')
  if (row.disabledAt) return challenge('The user of this API key is disabled.')
  const bounds = row.creatorRole ? [row.userRole, row.creatorRole] : [row.userRole]
  return effectiveRole(row.role, ...bounds) ?? challenge('The API key has no rights any more.')
}
