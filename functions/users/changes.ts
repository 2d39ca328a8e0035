import type { Tx } from '../../db/client.ts'
import type { Role } from '../../db/schema/index.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import type { UserRow } from '../../domain/identity/users.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { isJobOpen } from './deletion-queries.ts'
import {
  countActiveAdmins,
  findUser,
  holdUser,
  lockUsers,
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

/** The user, whom nobody else changes or deletes meanwhile, in a version that the caller expects. */
export async function openUser(tx: Tx, c: Call, id: string): Promise<UserRow> {
  await lockUsers(tx, c.tenantId)
  const row = await findUser(tx, c.tenantId, id)
  if (!row) throw new AppError('not_found', 'There is nothing here.')
  requireVersion(c, row.version)
  return row
}

/** @throws {AppError} `conflict`: no active admin would be left */
export async function refuseLastAdmin(tx: Tx, row: UserRow): Promise<void> {
  const isActiveAdmin = row.role === 'admin' && row.disabledAt === null
  if (!isActiveAdmin || (await countActiveAdmins(tx, row.tenantId)) > 1) return
  throw new AppError('conflict', 'This is the last active admin of the tenant.', {
    hint: 'Make somebody else an admin first.',
  })
}

/** @throws {AppError} `invalid`: only a guest goes without an email */
export function requireEmail({ role, email }: { role: Role; email: string | null }): void {
  if (email !== null || role === 'guest') return
  const detail = 'Must be given for every role but guest.'
  throw new AppError('invalid', `body /email: ${detail}`, {
    errors: [{ in: 'body', pointer: '/email', code: 'required', detail }],
  })
}

type WantedChange = {
  email?: string | null | undefined
  display_name?: string | undefined
  role?: Role | undefined
  disabled?: boolean | undefined
}

// Only what really changes: a repeated PATCH then makes no new version and no audit row.
function changeOf(row: UserRow, wanted: WantedChange, at: Date): UserChange {
  const { email, display_name: displayName, role, disabled } = wanted
  return {
    ...(email === undefined || email === row.email ? {} : { email }),
    ...(displayName === undefined || displayName === row.displayName ? {} : { displayName }),
    ...(role === undefined || role === row.role ? {} : { role }),
    ...(disabled === undefined || disabled === (row.disabledAt !== null)
      ? {}
      : { disabledAt: disabled ? at : null }),
  }
}

type Save = { id: string; change: WantedChange; at: Date }

/** @throws {AppError} `not_found`, `stale_version`, `invalid` (no email), `conflict` (last admin, or being deleted) */
export async function saveUser(tx: Tx, c: Call, { id, change: wanted, at }: Save) {
  const row = await openUser(tx, c, id)
  const change = changeOf(row, wanted, at)
  if (Object.keys(change).length === 0) return row
  requireEmail({ ...row, ...change })
  await refuseDeleted(tx, row)
  if (change.disabledAt || (change.role && change.role !== 'admin')) await refuseLastAdmin(tx, row)
  await holdUser(tx, row.tenantId, id)
  const saved = await updateUser(tx, row, { ...change, deletionJobId: null, updatedAt: at })
  const detail = {
    ...(change.email === undefined ? {} : { email_changed: true }),
    ...(change.displayName === undefined ? {} : { renamed: true }),
    ...(change.role ? { role: change.role, role_before: row.role } : {}),
    ...(change.disabledAt === undefined ? {} : { disabled: change.disabledAt !== null }),
  }
  await recordUserAction(tx, c, { action: 'user.changed', id, detail, at })
  return saved
}

async function refuseDeleted(tx: Tx, { tenantId, deletionJobId }: UserRow): Promise<void> {
  if (deletionJobId === null || !(await isJobOpen(tx, tenantId, deletionJobId))) return
  throw new AppError('conflict', 'The user is being deleted.', {
    hint: `Cancel the job ${deletionJobId} first to keep what is not deleted yet.`,
  })
}
