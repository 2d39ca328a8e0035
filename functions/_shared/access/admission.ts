import type { Exchange } from '../http/exchange.ts'
import { AppError } from '../http/problems.ts'
import type { Authenticator } from './auth.ts'

/**
 * Would the caller be let in again, with the rights that it was let in with? For replies that last: their key may be
 * revoked or expire meanwhile, its user be disabled or given another role. Costs what a request's look at its key costs.
 * @throws {AppError} whatever reading the key throws, e.g. `unavailable`
 */
export async function isStillAdmitted(
  authenticate: Authenticator,
  { request, identity, address }: Pick<Exchange, 'request' | 'identity' | 'address'>,
): Promise<boolean> {
  if (!identity) return true // public
  try {
    const { role, isOperator } = await authenticate(request.headers.get('authorization'), address)
    return role === identity.role && isOperator === identity.isOperator
  } catch (err) {
    // 429: the caller's address has failed too often, of which this was one more time.
    if (err instanceof AppError && (err.status === 401 || err.status === 429)) return false
    throw err
  }
}
