import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import type { Role } from '../../db/schema/index.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { insertKey, type KeyRow } from '../../domain/identity/keys.ts'
import { holdUserPresence } from '../../domain/identity/users.ts'
import { newKey } from '../_shared/access/keys.ts'
import { includesRights } from '../_shared/access/roles.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { holdKey, holdUserRole, updateKey } from './queries.ts'
import {
  endOfOverlap,
  expiryOf,
  invalidField,
  requireOwner,
  requireRights,
  requireRotatable,
  visibleKeys,
} from './rules.ts'

type KeyAction = { action: string; id: string; detail: Record<string, unknown>; at: Date }

async function recordKeyAction(tx: Tx, c: Call, { id, ...rest }: KeyAction): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const subject = { subjectType: 'key', subjectId: id }
  const actor = { userId, keyId }
  await appendAudit(tx, { ...rest, ...subject, tenantId, actor, requestId: c.requestId })
}

export type Issued = { row: KeyRow; text: string }
type NewKey = { userId: string; name: string; role: Role; expiresAt: Date | null; at: Date }

async function issue(tx: Tx, c: Call, { at, ...key }: NewKey): Promise<Issued> {
  const { tenantId, userId: createdByUserId } = identityOf(c.identity)
  await requireIssuer(tx, tenantId, createdByUserId)
  const id = uuidv7()
  const { text, secretSha256 } = await newKey(id)
  const row = await insertKey(tx, { ...key, id, tenantId, createdByUserId, secretSha256 }, at)
  return { row, text }
}

// A key has the rights of its maker at most, and keeps all of its own once they are gone: so they must be there.
async function requireIssuer(tx: Tx, tenantId: string, userId: string): Promise<void> {
  if (await holdUserPresence(tx, tenantId, userId)) return
  throw new AppError('unauthorized', 'The user of this key has been deleted.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="octavo", error="invalid_token"' },
  })
}

type Wanted = {
  name: string
  role: Role
  user_id?: string | undefined
  expires_at?: string | null | undefined
}

/** @throws {AppError} `forbidden` beyond the caller's rights, `invalid` for an unknown user or beyond their role */
export async function createKeyFor(tx: Tx, c: Call, wanted: Wanted, at: Date): Promise<Issued> {
  const caller = identityOf(c.identity)
  const { name, role, user_id: userId = caller.userId } = wanted
  const expiresAt = expiryOf(wanted.expires_at ?? null, at)
  requireOwner(caller, userId)
  requireRights(caller, role)
  const userRole = await holdUserRole(tx, caller.tenantId, userId)
  if (!userRole) throw invalidField('/user_id', 'unknown_user', 'Must be a user of the tenant.')
  if (!includesRights(userRole, role))
    throw invalidField('/role', 'above_user', `Must not exceed the user's role, ${userRole}.`)
  const issued = await issue(tx, c, { userId, name, role, expiresAt, at })
  const detail = { user_id: userId, role, expires_at: expiresAt?.toISOString() ?? null }
  await recordKeyAction(tx, c, { action: 'key.created', id: issued.row.id, detail, at })
  return issued
}

/** The key to change, locked: one that the caller sees, may manage, and expects in this version. */
async function openKey(tx: Tx, c: Call, id: string): Promise<KeyRow> {
  const caller = identityOf(c.identity)
  const row = await holdKey(tx, visibleKeys(caller), id)
  if (!row) throw new AppError('not_found', 'There is nothing here.')
  requireRights(caller, row.role)
  requireVersion(c, row.version)
  return row
}

type Rotation = {
  id: string
  overlap_seconds: number
  expires_at?: string | null | undefined
  at: Date
}

/** @throws {AppError} `not_found`, `forbidden`, `stale_version`, `conflict`, `invalid` */
export async function rotate(tx: Tx, c: Call, { id, at, ...wanted }: Rotation): Promise<Issued> {
  const row = await openKey(tx, c, id)
  requireRotatable(row, at)
  const { userId, name, role } = row
  const expiresAt =
    wanted.expires_at === undefined ? row.expiresAt : expiryOf(wanted.expires_at, at)
  const issued = await issue(tx, c, { userId, name, role, expiresAt, at })
  const endsAt = endOfOverlap(row.expiresAt, at, wanted.overlap_seconds)
  await updateKey(tx, row, { replacedByKeyId: issued.row.id, expiresAt: endsAt })
  const detail = { replaced_by_key_id: issued.row.id, expires_at: endsAt.toISOString() }
  await recordKeyAction(tx, c, { action: 'key.rotated', id, detail, at })
  return issued
}

/** @throws {AppError} `not_found`, `forbidden`, `stale_version` */
export async function revoke(tx: Tx, c: Call, id: string, at: Date): Promise<void> {
  const row = await openKey(tx, c, id)
  if (row.revokedAt) return
  await updateKey(tx, row, { revokedAt: at })
  await recordKeyAction(tx, c, { action: 'key.revoked', id, detail: {}, at })
}
