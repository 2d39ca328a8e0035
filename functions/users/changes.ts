import type { Tx } from '../../db/client.ts'
import type { Role } from '../../db/schema/index.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import type { UserRow } from '../../domain/identity/users.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import {
  countActiveAdmins,
  countDocuments,
  deleteUserRow,
  holdUser,
  lockUsers,
  transferDocuments,
  type UserChange,
  updateUser,
} from './queries.ts'

type UserAction = { action: string; id: string; detail: Record<string, unknown>; at: Date }

export async function recordUserAction(tx: Tx, c: Call, { id, ...rest }: UserAction) {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const subject = { subjectType: 'user', subjectId: id }
  const actor = { userId, keyId }
  await appendAudit(tx, { ...rest, ...subject, tenantId, actor, requestId: c.requestId })
}

/** The user to change, locked, in a version that the caller expects. */
async function openUser(tx: Tx, c: Call, id: string): Promise<UserRow> {
  await lockUsers(tx, c.tenantId)
  const row = await holdUser(tx, c.tenantId, id)
  if (!row) throw new AppError('not_found', 'There is nothing here.')
  requireVersion(c, row.version)
  return row
}

async function refuseLastAdmin(tx: Tx, row: UserRow): Promise<void> {
  const isActiveAdmin = row.role === 'admin' && row.disabledAt === null
  if (!isActiveAdmin || (await countActiveAdmins(tx, row.tenantId)) > 1) return
  throw new AppError('conflict', 'This is the last active admin of the tenant.', {
    hint: 'Make somebody else an admin first.',
  })
}

type WantedChange = {
  display_name?: string | undefined
  role?: Role | undefined
  disabled?: boolean | undefined
}

// Only what really changes: a repeated PATCH then makes no new version and no audit row.
function changeOf(row: UserRow, wanted: WantedChange, at: Date): UserChange {
  const { display_name: displayName, role, disabled } = wanted
  return {
    ...(displayName === undefined || displayName === row.displayName ? {} : { displayName }),
    ...(role === undefined || role === row.role ? {} : { role }),
    ...(disabled === undefined || disabled === (row.disabledAt !== null)
      ? {}
      : { disabledAt: disabled ? at : null }),
  }
}

type Save = { id: string; change: WantedChange; at: Date }

/** @throws {AppError} `not_found`, `stale_version`, or `conflict` when no active admin would be left */
export async function saveUser(tx: Tx, c: Call, { id, change: wanted, at }: Save) {
  const row = await openUser(tx, c, id)
  const change = changeOf(row, wanted, at)
  if (Object.keys(change).length === 0) return row
  if (change.disabledAt || (change.role && change.role !== 'admin')) await refuseLastAdmin(tx, row)
  const saved = await updateUser(tx, row, { ...change, updatedAt: at })
  const detail = {
    ...(change.displayName === undefined ? {} : { renamed: true }),
    ...(change.role ? { role: change.role, role_before: row.role } : {}),
    ...(change.disabledAt === undefined ? {} : { disabled: change.disabledAt !== null }),
  }
  await recordUserAction(tx, c, { action: 'user.changed', id, detail, at })
  return saved
}

type Removal = { id: string; transferTo: string | null; at: Date }

/** @throws {AppError} `not_found`, `stale_version`, `conflict` (last admin, or documents without an heir), `invalid` */
export async function removeUser(tx: Tx, c: Call, { id, transferTo, at }: Removal) {
  const row = await openUser(tx, c, id)
  await refuseLastAdmin(tx, row)
  const detail = { role: row.role, ...(await releaseDocuments(tx, row, { transferTo, at })) }
  await deleteUserRow(tx, row.tenantId, id)
  await recordUserAction(tx, c, { action: 'user.deleted', id, detail, at })
}

async function releaseDocuments(
  tx: Tx,
  row: UserRow,
  { transferTo, at }: { transferTo: string | null; at: Date },
): Promise<Record<string, unknown>> {
  const { tenantId, id } = row
  if (transferTo !== null) {
    await requireHeir(tx, row, transferTo)
    const transfer = { tenantId, fromUserId: id, toUserId: transferTo }
    return { transferred_to: transferTo, documents: await transferDocuments(tx, transfer, at) }
  }
  const owned = await countDocuments(tx, tenantId, id)
  if (owned === 0) return {}
  throw new AppError('conflict', `The user owns ${owned} document${owned === 1 ? '' : 's'}.`, {
    hint: 'Give ?transfer_to=<user id> to move them, or delete them first.',
  })
}

async function requireHeir(tx: Tx, { tenantId, id }: UserRow, transferTo: string): Promise<void> {
  const heir = transferTo === id ? null : await holdUser(tx, tenantId, transferTo)
  if (heir && heir.disabledAt === null) return
  throw new AppError('invalid', 'query /transfer_to: Must be another active user.', {
    errors: [
      {
        in: 'query',
        pointer: '/transfer_to',
        code: 'unknown_user',
        detail: 'Must be another active user.',
      },
    ],
  })
}
