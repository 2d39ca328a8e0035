import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, shares, users } from '../../db/schema/index.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import {
  daySeconds,
  type Listed,
  type NewShare,
  type Share,
  sharing,
} from '../../test/fixtures/sharing.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('links go with their user and with their document', async () => {
  const { create, share, get, db, tenant, documentId } = await sharing()
  const maker = await addMember(db, tenant.id, { role: 'editor' })
  const { id } = await bodyOf<Share>(await create({}, { headers: maker.auth }))
  const [inTenant, other] = [eq(users.tenantId, tenant.id), await share()]
  await db.delete(users).where(and(inTenant, eq(users.id, maker.id)))
  expect((await get(`/${id}`)).status).toBe(404)
  const removal = { tenantId: tenant.id, documentId, requestId: null, versions: null }
  await db.transaction((tx) => removeDocument(tx, removal))
  expect((await get(`/${other.id}`)).status).toBe(404)
})

test('a link ends when it says, within a year, and after seven days where nothing is said', async () => {
  const { share, create, clock } = await sharing()
  const nowMs = clock.now().getTime()
  const after = (seconds: number) => new Date(nowMs + seconds * 1000).toISOString()
  expect(await share()).toMatchObject({ expires_at: after(7 * daySeconds) })
  expect(await share({ expires_in_seconds: 60 })).toMatchObject({ expires_at: after(60) })
  const inOslo = after(daySeconds).replace('Z', '+00:00')
  expect(await share({ expires_at: inOslo })).toMatchObject({ expires_at: after(daySeconds) })
  for (const fields of [
    { expires_in_seconds: 59 },
    { expires_in_seconds: 367 * daySeconds },
    { expires_at: after(-1) },
    { expires_at: after(367 * daySeconds) },
    { expires_at: 'tomorrow' },
    { expires_at: after(daySeconds), expires_in_seconds: 60 },
  ])
    expect((await create(fields)).status, JSON.stringify(fields)).toBe(422)
})

test('a link is made of a document that is there and not in the trash', async () => {
  const { create, db, tenant, clock, documentId, otherTenant, file } = await sharing()
  const foreign = await file([], otherTenant)
  for (const document_id of [foreign, '0199a1c2-77aa-7aaa-8aaa-0000000000ff'])
    expect((await create({ document_id })).status).toBe(422)
  const move = { tenantId: tenant.id, id: documentId, isTrashed: true, at: clock.now() }
  await db.transaction((tx) => moveDocument(tx, move))
  expect((await create()).status).toBe(409)
})

test('the secret is shown once: not in lists, not in a replay, not in the database', async () => {
  const { create, get, db, tenant } = await sharing()
  const headers = { 'idempotency-key': 'once' }
  const first = await bodyOf<NewShare>(await create({}, { headers }))
  const again = await bodyOf<NewShare>(await create({}, { headers }))
  expect(again).toMatchObject({ id: first.id, token: null, urls: null, hint: /shown once/ })
  const secret = first.token.slice(-64)
  const seen = [
    await (await get('/')).text(),
    await (await get(`/${first.id}`)).text(),
    JSON.stringify(await db.select().from(shares).where(eq(shares.tenantId, tenant.id))),
    JSON.stringify(await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))),
  ]
  for (const text of seen) expect(text).not.toContain(secret)
})

test('links are listed by document and by maker, newest first, and the audit tells of both ends', async () => {
  const { share, get, del, file, tenant, db } = await sharing()
  const [first, second] = [await share(), await share()]
  const other = await share({ document_id: await file() })
  const list = async (query: string) =>
    (await bodyOf<Listed>(await get(`/?${query}`))).items.map(({ id }) => id)
  expect(await list(`document_id=${first.document_id}`)).toEqual([second.id, first.id])
  expect(await list(`user_id=${tenant.admin.id}`)).toEqual([other.id, second.id, first.id])
  expect(await list(`user_id=${first.id}`)).toEqual([])
  expect((await del(`/${first.id}`, { headers: { 'if-match': '"v2"' } })).status).toBe(412)
  const replies = await Promise.all([del(`/${first.id}`), del(`/${first.id}`)])
  expect(replies.map(({ status }) => status).sort()).toEqual([204, 404])
  const mine = eq(auditLog.tenantId, tenant.id)
  const rows = await db.select().from(auditLog).where(mine).orderBy(auditLog.seq)
  expect(rows.map(({ action, subjectId }) => [action, subjectId])).toEqual([
    ...[first, second, other].map(({ id }) => ['share.created', id]),
    ['share.revoked', first.id],
  ])
})

test('editors make and revoke, viewers see, and nobody reaches the links of another tenant', async () => {
  const { create, share, get, del, otherTenant, documentId } = await sharing()
  const { id } = await share()
  expect((await create({}, { as: 'viewer' })).status).toBe(403)
  expect((await create({}, { as: 'ingest' })).status).toBe(403)
  expect((await del(`/${id}`, { as: 'viewer' })).status).toBe(403)
  expect((await get(`/${id}`, { as: 'viewer' })).headers.get('etag')).toBe('"v1"')
  expect((await otherTenant.get(`/${id}`)).status).toBe(404)
  expect((await otherTenant.del(`/${id}`)).status).toBe(404)
  const list = await otherTenant.get(`/?document_id=${documentId}`)
  expect((await bodyOf<Listed>(list)).items).toEqual([])
})
