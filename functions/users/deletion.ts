import type { Tx } from '../../db/client.ts'
import { type AuditEntry, appendAudit } from '../../domain/audit/append.ts'
import { leaveAllChannels } from '../../domain/channels/leaving.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { leaveAllGames } from '../../domain/games/leaving.ts'
import type { UserRow } from '../../domain/identity/users.ts'
import { effectiveRole } from '../_shared/access/roles.ts'
import {
  findOtherAdmin,
  holdChannelsOf,
  holdKeysMadeBy,
  listOwnedDocuments,
  narrowKey,
  releaseLocks,
  transferDocuments,
  transferSchedules,
  transferShares,
} from './deletion-queries.ts'
import { deleteUserRow, findUser, holdUser, lockUsers } from './queries.ts'

/** Who goes, who gets what was theirs (`null`: nobody), and who says so. */
export type Deletion = {
  tenantId: string
  userId: string
  transferTo: string | null
  actor: { userId: string; keyId: string }
  requestId: string | null
  at: Date
}

/** What a transaction tells of at its end: rows of the audit log are the last that it writes. */
type Story = Pick<AuditEntry, 'action' | 'subjectType' | 'subjectId' | 'detail'>[]

// What is left when the user's row is held has come in the last moments; a page of it is more than there can be.
const leftOverMax = 10_000

/**
 * Deletes a user with all that is theirs, in one transaction: out of channels and games, their documents removed or moved,
 * their keys, locks and links gone. What others work with (schedules, marks, messages) stays.
 * Channels and documents come before the row of the user: whoever posts or uploads locks them in that order.
 * @returns `false`: there is no such user
 */
export async function deleteUserWithAll(tx: Tx, deletion: Deletion): Promise<boolean> {
  const { tenantId, userId, transferTo } = deletion
  await lockUsers(tx, tenantId)
  const row = await findUser(tx, tenantId, userId)
  if (!row) return false
  const channels = await leavePlaces(tx, deletion)
  const story: Story = transferTo === null ? await removeDocuments(tx, deletion) : []
  await holdUser(tx, tenantId, userId)
  // Again: they may have joined or uploaded until the row was ours. Now they cannot.
  const later = await leavePlaces(tx, deletion)
  if (transferTo === null) story.push(...(await removeDocuments(tx, deletion)))
  const counts = {
    documents_deleted: story.length,
    ...(await passOn(tx, deletion)),
    channels_left: channels.left + later.left,
    channels_deleted: channels.deleted + later.deleted,
  }
  story.push(...(await narrowKeys(tx, deletion, row)))
  await releaseLocks(tx, deletion)
  await deleteUserRow(tx, tenantId, userId)
  const detail = { role: row.role, ...(transferTo && { transferred_to: transferTo }), ...counts }
  const told = Object.fromEntries(Object.entries(detail).filter(([, value]) => value !== 0))
  story.push({ action: 'user.deleted', subjectType: 'user', subjectId: userId, detail: told })
  await tell(tx, deletion, story)
  return true
}

async function leavePlaces(tx: Tx, { tenantId, userId, actor, at }: Deletion) {
  await holdChannelsOf(tx, { tenantId, userId })
  await leaveAllGames(tx, { tenantId, userId, at })
  const left = await leaveAllChannels(tx, { tenantId, userId, actorUserId: actor.userId, at })
  return { left: left.leftChannelIds.length, deleted: left.deletedChannelIds.length }
}

async function removeDocuments(tx: Tx, deletion: Deletion): Promise<Story> {
  const story: Story = []
  for (const id of await listOwnedDocuments(tx, deletion, leftOverMax))
    if (await removeDocument(tx, removalOf(deletion, id))) story.push(documentStory(id))
  return story
}

const removalOf = ({ tenantId, requestId }: Deletion, documentId: string) => ({
  ...{ tenantId, documentId, requestId, versions: null },
})

const documentStory = (subjectId: string): Story[number] => ({
  action: 'document.deleted',
  subjectType: 'document',
  subjectId,
  detail: { reason: 'user' },
})

/** Deletes one document of a user who goes. @returns `false`: it is gone already */
export async function deleteOwnedDocument(tx: Tx, deletion: Deletion, id: string) {
  if (!(await removeDocument(tx, removalOf(deletion, id)))) return false
  await tell(tx, deletion, [documentStory(id)])
  return true
}

async function passOn(tx: Tx, deletion: Deletion): Promise<Record<string, number>> {
  const { tenantId, userId, transferTo, actor, at } = deletion
  const isTheirOwn = actor.userId === userId
  const keeper = transferTo ?? (isTheirOwn ? await findOtherAdmin(tx, deletion) : actor.userId)
  // An admin who has gone meanwhile keeps nothing: another one does.
  const isThere = keeper !== null && (await findUser(tx, tenantId, keeper)) !== null
  const keeperId = isThere ? keeper : await findOtherAdmin(tx, deletion)
  const schedules = keeperId === null ? 0 : await transferSchedules(tx, deletion, keeperId)
  if (transferTo === null) return { schedules_moved: schedules }
  const transfer = { tenantId, userId, heirId: transferTo, at, limit: leftOverMax }
  return {
    documents_moved: await transferDocuments(tx, transfer),
    shares_moved: await transferShares(tx, deletion, transferTo),
    schedules_moved: schedules,
  }
}

/**
 * A key has no more rights than whoever made it. Once that user is gone nothing says what theirs were, so the keys that
 * they made for others keep the rights that they have at this moment.
 */
async function narrowKeys(tx: Tx, deletion: Deletion, { role }: UserRow): Promise<Story> {
  const { tenantId, at } = deletion
  const story: Story = []
  for (const key of await holdKeysMadeBy(tx, deletion)) {
    const rights = effectiveRole(key.role, role)
    if (rights === key.role) continue
    const change = rights === null ? { revokedAt: at } : { role: rights }
    await narrowKey(tx, { tenantId, id: key.id }, change)
    const action = rights === null ? 'key.revoked' : 'key.narrowed'
    const detail = { reason: 'creator_deleted', ...(rights && { role: rights }) }
    story.push({ action, subjectType: 'key', subjectId: key.id, detail })
  }
  return story
}

async function tell(tx: Tx, { tenantId, actor, requestId, at }: Deletion, story: Story) {
  for (const entry of story) await appendAudit(tx, { ...entry, tenantId, actor, requestId, at })
}
