import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import type { UserRow } from '../../domain/identity/users.ts'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { openUser, recordUserAction, refuseLastAdmin } from './changes.ts'
import { type Deletion, deleteUserWithAll } from './deletion.ts'
import { isJobOpen, listOwnedDocuments } from './deletion-queries.ts'
import { findUser, holdUser, updateUser } from './queries.ts'

/** Deletes a user whose documents are more than one request should take; see jobs.ts. */
export const userDeletionJobKind = 'users.delete'

// Each document takes some ten statements: a second at most for all of them.
const deletedAtOnceMax = 20
const movedAtOnceMax = 2_000

type Removal = { id: string; transferTo: string | null; at: Date }

/**
 * Deletes a user, or has a job delete them: until then no key of theirs works.
 * @returns the job's id; `null` when it is done
 * @throws {AppError} `not_found`, `stale_version`, `conflict` (the last admin), `invalid` (no such heir)
 */
export async function removeUser(tx: Tx, c: Call, removal: Removal): Promise<string | null> {
  const { id, transferTo } = removal
  const row = await openUser(tx, c, id)
  const { tenantId, deletionJobId } = row
  if (transferTo !== null) await requireHeir(tx, row, transferTo)
  if (deletionJobId !== null && (await isJobOpen(tx, tenantId, deletionJobId))) return deletionJobId
  await refuseLastAdmin(tx, row)
  const deletion = deletionOf(c, removal)
  const atOnceMax = transferTo === null ? deletedAtOnceMax : movedAtOnceMax
  const found = await listOwnedDocuments(tx, deletion, atOnceMax + 1)
  if (found.length > atOnceMax) return beginDeletion(tx, c, { row, deletion })
  await deleteUserWithAll(tx, deletion)
  return null
}

function deletionOf(c: Call, { id, transferTo, at }: Removal): Deletion {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const actor = { userId, keyId }
  return { tenantId, userId: id, transferTo, actor, requestId: c.requestId, at }
}

type Begun = { row: UserRow; deletion: Deletion }

async function beginDeletion(tx: Tx, c: Call, { row, deletion }: Begun): Promise<string> {
  const { tenantId, userId, transferTo, actor, requestId, at } = deletion
  await holdUser(tx, tenantId, userId)
  const jobId = await enqueueJob(tx, {
    ...{ tenantId, id: uuidv7(), kind: userDeletionJobKind, subjectId: userId },
    ...{ userId: actor.userId, ...(requestId !== null && { requestId }) },
    payload: { transfer_to: transferTo, actor_user_id: actor.userId, actor_key_id: actor.keyId },
  })
  const change = { disabledAt: row.disabledAt ?? at, deletionJobId: jobId, updatedAt: at }
  await updateUser(tx, row, change)
  const detail = { job_id: jobId, ...(transferTo && { transfer_to: transferTo }) }
  await recordUserAction(tx, c, { action: 'user.deletion_begun', id: userId, detail, at })
  return jobId
}

async function requireHeir(tx: Tx, { tenantId, id }: UserRow, transferTo: string): Promise<void> {
  const heir = transferTo === id ? null : await findUser(tx, tenantId, transferTo)
  if (heir && heir.disabledAt === null && heir.role !== 'guest') return
  const detail = 'Must be another active user, and no guest.'
  throw new AppError('invalid', `query /transfer_to: ${detail}`, {
    errors: [{ in: 'query', pointer: '/transfer_to', code: 'unknown_user', detail }],
  })
}
