import type { Role } from '../../db/schema/index.ts'
import type { KeyRow } from '../../domain/identity/keys.ts'
import { includesRights } from '../_shared/access/roles.ts'
import type { Identity } from '../_shared/http/call.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import type { KeyScope } from './queries.ts'

export function invalidField(pointer: string, code: string, detail: string): AppError {
  const fault: InputFault = { in: 'body', pointer, code, detail }
  return new AppError('invalid', `body ${pointer}: ${detail}`, { errors: [fault] })
}

/** Keys that exist for this caller: an admin's key sees the tenant, any other its own user's. */
export const visibleKeys = ({ role, tenantId, userId }: Identity): KeyScope => ({
  tenantId,
  userId: role === 'admin' ? null : userId,
})

/** @throws {AppError} `forbidden`: a key would get rights that the calling key lacks, or be taken over by it */
export function requireRights(caller: Identity, role: Role): void {
  if (includesRights(caller.role, role)) return
  throw new AppError(
    'forbidden',
    `A key of role ${caller.role} may not manage one of role ${role}.`,
  )
}

/** @throws {AppError} `forbidden`, whether that user exists or not */
export function requireOwner(caller: Identity, userId: string): void {
  if (caller.role === 'admin' || caller.userId === userId) return
  throw new AppError('forbidden', 'Only an admin may create keys for somebody else.')
}

// An offset can reach past the last year that RFC 3339, and with it every reply, can write.
const lastExpiry = new Date('9999-12-31T23:59:59.999Z')

/** @throws {AppError} `invalid` unless the time lies ahead, in a year of four digits */
export function expiryOf(text: string | null, now: Date): Date | null {
  if (text === null) return null
  const at = new Date(text)
  if (at > lastExpiry)
    throw invalidField('/expires_at', 'too_late', 'Must lie before the year 10000 in UTC.')
  if (at.getTime() > now.getTime()) return at
  throw invalidField('/expires_at', 'not_in_future', 'Must lie in the future.')
}

/** When a rotated key ends: after the overlap, and never later than it would have anyway. */
export function endOfOverlap(expiresAt: Date | null, now: Date, overlapSeconds: number): Date {
  const end = new Date(now.getTime() + overlapSeconds * 1000)
  return expiresAt && expiresAt < end ? expiresAt : end
}

/** @throws {AppError} `conflict`: a key that no longer works, or has its successor, is not rotated */
export function requireRotatable(row: KeyRow, now: Date): void {
  const reason = row.revokedAt
    ? 'is revoked'
    : row.replacedByKeyId
      ? 'was rotated already'
      : row.expiresAt && row.expiresAt <= now
        ? 'has expired'
        : null
  if (reason)
    throw new AppError('conflict', `The key ${reason}.`, { hint: 'Create a new key instead.' })
}
