import { and, asc, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import {
  apiKeys,
  auditLog,
  channelMembers,
  documents,
  jobs as jobRows,
  jobSchedules,
  shares,
} from '../../db/schema/index.ts'
import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { addChannel, joinChannel } from '../../test/fixtures/channels.ts'
import { collide } from '../../test/harness/collision.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp as createDocuments } from '../documents/index.ts'
import { Me, User, UserDeletion } from './contract.ts'
import { createApp } from './index.ts'

async function setupOwner(documentCount: number, options: { role?: 'editor' | 'admin' } = {}) {
  const bench = await setup(createApp)
  const { db, tenant } = bench
  const owner = await addMember(db, tenant.id, { role: options.role ?? 'editor' })
  const of = { tenantId: tenant.id, userId: owner.id }
  const documentIds: string[] = []
  for (let i = 0; i < documentCount; i++)
    documentIds.push((await addDocument(db, { ...of, pages: [`Page ${uuidv7()}.`] })).id)
  return { ...bench, owner, documentIds }
}

const ownersOf = async (db: Db, tenantId: string, documentIds: readonly string[]) => {
  const rows = await db
    .select({ id: documents.id, userId: documents.userId, version: documents.version })
    .from(documents)
    .where(eq(documents.tenantId, tenantId))
  return rows.filter(({ id }) => documentIds.includes(id))
}

const storyOf = (db: Db, tenantId: string) =>
  db
    .select({
      action: auditLog.action,
      subjectId: auditLog.subjectId,
      detail: auditLog.detail,
      requestId: auditLog.requestId,
    })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenantId))
    .orderBy(asc(auditLog.seq))

test('a deleted user takes their documents along, their files too, and the audit tells of each', async () => {
  const { del, db, tenant, owner, documentIds } = await setupOwner(2)
  const headers = { 'x-request-id': 'delete-owner' }
  expect((await del(`/${owner.id}`, { headers })).status).toBe(204)
  expect(await ownersOf(db, tenant.id, documentIds)).toEqual([])
  const files = await db
    .select({ kind: jobRows.kind })
    .from(jobRows)
    .where(and(eq(jobRows.tenantId, tenant.id), eq(jobRows.kind, blobDeletionJobKind)))
  expect(files.length).toBeGreaterThanOrEqual(2)
  expect(await storyOf(db, tenant.id)).toEqual([
    ...documentIds.map((subjectId) => ({
      ...{ action: 'document.deleted', subjectId, detail: { reason: 'user' } },
      requestId: 'delete-owner',
    })),
    {
      ...{ action: 'user.deleted', subjectId: owner.id, requestId: 'delete-owner' },
      detail: { role: 'editor', documents_deleted: 2 },
    },
  ])
})

test('an heir gets the documents and share links, and the schedules', async () => {
  const { del, db, tenant, owner, documentIds } = await setupOwner(2)
  const heir = await addMember(db, tenant.id, { role: 'editor' })
  const of = { tenantId: tenant.id, userId: owner.id }
  const link = { secretSha256: new Uint8Array(32), allowDownload: true, expiresAt: new Date() }
  const documentId = documentIds[0] ?? ''
  await db.insert(shares).values({ ...of, ...link, id: uuidv7(), documentId })
  await db
    .insert(jobSchedules)
    .values({ ...of, id: uuidv7(), name: 'nightly', kind: 'reports.render', cron: '0 0 1 1 *' })
  const before = await ownersOf(db, tenant.id, documentIds)
  expect((await del(`/${owner.id}?transfer_to=${heir.id}`)).status).toBe(204)
  const after = before.map(({ id, version }) => ({ id, userId: heir.id, version: version + 1 }))
  expect(await ownersOf(db, tenant.id, documentIds)).toEqual(expect.arrayContaining(after))
  for (const table of [shares, jobSchedules]) {
    const rows = await db
      .select({ userId: table.userId })
      .from(table)
      .where(eq(table.tenantId, tenant.id))
    expect(rows).toEqual([{ userId: heir.id }])
  }
  const detail = { documents_moved: 2, shares_moved: 1, schedules_moved: 1 }
  expect((await storyOf(db, tenant.id)).at(-1)).toMatchObject({
    ...{ action: 'user.deleted', detail: { ...detail, transferred_to: heir.id } },
  })
})

test('without an heir schedules go to whoever deletes, and of an admin who leaves to another one', async () => {
  const { del, db, tenant, owner } = await setupOwner(0, { role: 'admin' })
  const id = uuidv7()
  const schedule = { name: 'nightly', kind: 'reports.render', cron: '0 0 1 1 *' }
  await db.insert(jobSchedules).values({ tenantId: tenant.id, id, userId: owner.id, ...schedule })
  expect((await del(`/${owner.id}`, { headers: owner.auth })).status).toBe(204)
  const [row] = await db
    .select()
    .from(jobSchedules)
    .where(and(eq(jobSchedules.tenantId, tenant.id), eq(jobSchedules.id, id)))
  expect(row).toMatchObject({ userId: tenant.admin.id, version: 2 })
})

test('a guest gets no documents', async () => {
  const { del, db, tenant, owner } = await setupOwner(1)
  const guest = await addMember(db, tenant.id, { role: 'guest' })
  const reply = await del(`/${owner.id}?transfer_to=${guest.id}`)
  expect([reply.status, await reply.json()]).toMatchObject([
    ...[422, { errors: [{ in: 'query', pointer: '/transfer_to' }] }],
  ])
})

test('who is deleted is out of their channels, and what was theirs alone is told of', async () => {
  const { del, db, tenant, owner } = await setupOwner(0)
  const shared = await addChannel(db, { tenantId: tenant.id, kind: 'public', name: uuidv7() })
  await joinChannel(db, shared, { userId: owner.id })
  expect((await del(`/${owner.id}`)).status).toBe(204)
  const left = await db
    .select()
    .from(channelMembers)
    .where(and(eq(channelMembers.tenantId, tenant.id), eq(channelMembers.userId, owner.id)))
  expect(left).toEqual([])
  expect((await storyOf(db, tenant.id)).at(-1)).toMatchObject({ detail: { channels_left: 1 } })
})

test('of two deletions at once one deletes, and one finds nobody', async () => {
  const { del, db, tenant, owner, documentIds } = await setupOwner(2)
  const replies = await collide(db, tenant.id, [
    () => del(`/${owner.id}`),
    () => del(`/${owner.id}?transfer_to=${tenant.admin.id}`),
  ])
  expect(replies.map(({ status }) => status).sort()).toEqual([204, 404])
  const left = await ownersOf(db, tenant.id, documentIds)
  expect(left.filter(({ userId }) => userId === owner.id)).toEqual([])
})

test.each([
  ['deleted', ''],
  ['handed on', '?transfer_to='],
])('a document that arrives while its owner is deleted is %s, or refused', async (_, query) => {
  const { del, db, tenant, owner, deps } = await setupOwner(1)
  const upload = createDocuments(deps).fetch(
    new Request('http://octavo.test/v1/documents?filename=a.txt', {
      method: 'POST',
      headers: { ...owner.auth, 'content-type': 'text/plain' },
      body: 'A text that nobody else has.',
    }),
  )
  const heir = query && `${query}${tenant.admin.id}`
  const [uploaded, deleted] = await Promise.all([upload, del(`/${owner.id}${heir}`)])
  expect(deleted.status).toBe(204)
  expect(uploaded.status).toBeLessThan(500)
  const rows = await db.select().from(documents).where(eq(documents.tenantId, tenant.id))
  expect(rows.filter(({ userId }) => userId === owner.id)).toEqual([])
  if (!query) expect(rows).toEqual([])
})

test('a key that is made while its user is deleted goes with them, or is never made', async () => {
  const { del, db, tenant, owner } = await setupOwner(0)
  const key = { tenantId: tenant.id, id: uuidv7(), userId: owner.id, name: 'late' }
  const made = db
    .insert(apiKeys)
    .values({ ...key, role: 'editor' as const, secretSha256: new Uint8Array(32) })
  const [, deletion] = await Promise.allSettled([made, del(`/${owner.id}`)])
  expect(deletion).toMatchObject({ status: 'fulfilled', value: { status: 204 } })
  const left = await db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.userId, owner.id)))
  expect(left).toEqual([])
})

test("others' keys gain no rights when whoever made them is deleted", async () => {
  const { del, get, db, tenant, owner } = await setupOwner(0)
  const other = await addMember(db, tenant.id, { role: 'admin' })
  await db
    .update(apiKeys)
    .set({ createdByUserId: owner.id })
    .where(and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.id, other.keyId)))
  const rights = async () =>
    Me.parse(await (await get('/me', { headers: other.auth })).json()).key_role
  expect(await rights()).toBe('editor')
  expect((await del(`/${owner.id}`)).status).toBe(204)
  expect(await rights()).toBe('editor')
  const actions = (await storyOf(db, tenant.id)).map(({ action }) => action)
  expect(actions).toEqual(['key.narrowed', 'user.deleted'])
})

test('whoever has many documents is disabled at once, and a job deletes them', async () => {
  const { del, get, patch, db, tenant, owner, clock } = await setupOwner(21)
  const begun = await del(`/${owner.id}`)
  const { job_id: jobId } = UserDeletion.parse(await begun.json())
  expect([begun.status, begun.headers.get('location')]).toEqual([202, `/v1/jobs/${jobId}`])
  const user = User.parse(await (await get(`/${owner.id}`)).json())
  expect(user).toMatchObject({ disabled: true, deletion_job_id: jobId, version: 2 })
  clock.advance(1_000)
  expect((await get('/me', { headers: owner.auth })).status).toBe(401)
  const again = await del(`/${owner.id}`)
  expect([again.status, await again.json()]).toMatchObject([202, { job_id: jobId }])
  expect((await patch(`/${owner.id}`, { disabled: false })).status).toBe(409)
  await db.delete(jobRows).where(and(eq(jobRows.tenantId, tenant.id), eq(jobRows.id, jobId)))
  const kept = await patch(`/${owner.id}`, { disabled: false })
  expect(await kept.json()).toMatchObject({ disabled: false, deletion_job_id: null })
})
