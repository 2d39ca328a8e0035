import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { apiKeys, auditLog, users } from '../../db/schema/index.ts'
import { collide } from '../../test/harness/collision.ts'
import { addMember } from '../../test/harness/members.ts'
import { setup } from '../../test/harness/setup.ts'
import { IssuedKey, Key } from './contract.ts'
import { createApp } from './index.ts'

const keyOf = async (reply: Response) => Key.parse(await reply.json())
const issuedOf = async (reply: Response) => IssuedKey.parse(await reply.json())
const bearer = (key: string | null) => ({ headers: { authorization: `Bearer ${key}` } })

async function setupKey(more: Record<string, unknown> = {}) {
  const bench = await setup(createApp)
  const issued = await issuedOf(await bench.post('/', { name: 'scanner', role: 'viewer', ...more }))
  const works = async (key: string | null) => (await bench.get('/', bearer(key))).status === 200
  return { ...bench, issued, works }
}

const actionsOf = async (db: Db, tenantId: string, id: string) => {
  const about = and(eq(auditLog.tenantId, tenantId), eq(auditLog.subjectId, id))
  const rows = await db.select().from(auditLog).where(about).orderBy(auditLog.seq)
  return rows.map((row) => row.action)
}

test('a rotated key works beside its successor until the overlap is over', async () => {
  const { post, get, clock, issued, works } = await setupKey()
  const reply = await post(`/${issued.id}/rotate`, { overlap_seconds: 60 })
  const next = await issuedOf(reply)
  expect([reply.status, reply.headers.get('location')]).toEqual([201, `/v1/keys/${next.id}`])
  expect(next).toMatchObject({ name: 'scanner', role: 'viewer', user_id: issued.user_id })
  const old = await keyOf(await get(`/${issued.id}`))
  const expires_at = new Date(clock.now().getTime() + 60_000).toISOString()
  expect(old).toMatchObject({ replaced_by_key_id: next.id, expires_at, version: 2 })
  expect([await works(issued.key), await works(next.key)]).toEqual([true, true])
  clock.advance(60_000)
  expect([await works(issued.key), await works(next.key)]).toEqual([false, true])
})

test('without an overlap the old key stops within a second', async () => {
  const { post, clock, issued, works } = await setupKey()
  expect(await works(issued.key)).toBe(true)
  const { key } = await issuedOf(await post(`/${issued.id}/rotate`, {}))
  clock.advance(1_000)
  expect([await works(issued.key), await works(key)]).toEqual([false, true])
})

test('a rotation neither prolongs the old key nor, unasked, the new one', async () => {
  const expires_at = '2026-11-20T08:00:10.000Z'
  const { post, get, issued } = await setupKey({ expires_at })
  const next = await issuedOf(await post(`/${issued.id}/rotate`, { overlap_seconds: 60 }))
  expect(await keyOf(await get(`/${issued.id}`))).toMatchObject({ expires_at })
  expect(next).toMatchObject({ expires_at })
  const later = '2027-01-01T00:00:00.000Z'
  const third = await issuedOf(await post(`/${next.id}/rotate`, { expires_at: later }))
  expect(third).toMatchObject({ expires_at: later })
  const past = await post(`/${third.id}/rotate`, { expires_at: '2026-11-20T08:00:00.000Z' })
  expect(past.status).toBe(422)
})

test('of two rotations at once one gives a key, and one gets a conflict', async () => {
  const { post, db, tenant, issued } = await setupKey()
  const rotate = () => post(`/${issued.id}/rotate`, { overlap_seconds: 60 })
  const replies = await collide(db, tenant.id, [rotate, rotate])
  expect(replies.map((reply) => reply.status).sort()).toEqual([201, 409])
})

test('a key that was revoked, rotated or has expired is not rotated', async () => {
  const { post, del, clock, issued } = await setupKey({ expires_at: '2026-11-20T08:00:10.000Z' })
  const status = async (id: string) => (await post(`/${id}/rotate`, {})).status
  const next = await issuedOf(await post(`/${issued.id}/rotate`, { overlap_seconds: 60 }))
  expect(await status(issued.id)).toBe(409)
  const other = await issuedOf(await post('/', { name: 'other', role: 'viewer' }))
  await del(`/${other.id}`)
  expect(await status(other.id)).toBe(409)
  clock.advance(10_000)
  expect(await status(next.id)).toBe(409)
})

test('a repeated rotation rotates once and shows the new key once', async () => {
  const { post, issued } = await setupKey()
  const headers = { 'idempotency-key': 'rotate-scanner' }
  const first = await issuedOf(await post(`/${issued.id}/rotate`, {}, { headers }))
  const second = await issuedOf(await post(`/${issued.id}/rotate`, {}, { headers }))
  expect(second).toMatchObject({ id: first.id, key: null })
})

test('an overlap is at most a week and never negative', async () => {
  const { post, issued } = await setupKey()
  for (const overlap_seconds of [-1, 604_801, 1.5, '60'])
    expect((await post(`/${issued.id}/rotate`, { overlap_seconds })).status).toBe(422)
})

test('a revoked key stops within a second, and stays in the list with its time', async () => {
  const { del, get, clock, issued, works } = await setupKey()
  expect(await works(issued.key)).toBe(true)
  expect((await del(`/${issued.id}`)).status).toBe(204)
  const revoked_at = clock.now().toISOString()
  clock.advance(1_000)
  expect(await works(issued.key)).toBe(false)
  expect(await keyOf(await get(`/${issued.id}`))).toMatchObject({ revoked_at, version: 2 })
})

test('a key revokes itself', async () => {
  const { del, clock, issued, works } = await setupKey()
  expect((await del(`/${issued.id}`, bearer(issued.key))).status).toBe(204)
  clock.advance(1_000)
  expect(await works(issued.key)).toBe(false)
})

test('revoking again, also at once, changes nothing and is audited once', async () => {
  const { del, get, db, tenant, issued } = await setupKey()
  const revoke = () => del(`/${issued.id}`)
  const replies = await collide(db, tenant.id, [revoke, revoke])
  replies.push(await del(`/${issued.id}`))
  expect(replies.map((reply) => reply.status)).toEqual([204, 204, 204])
  expect((await keyOf(await get(`/${issued.id}`))).version).toBe(2)
  expect(await actionsOf(db, tenant.id, issued.id)).toEqual(['key.created', 'key.revoked'])
})

test('a version that is gone is neither revoked nor rotated', async () => {
  const { post, del, issued, works } = await setupKey()
  const headers = { 'if-match': '"v2"' }
  expect((await del(`/${issued.id}`, { headers })).status).toBe(412)
  expect((await post(`/${issued.id}/rotate`, {}, { headers })).status).toBe(412)
  expect(await works(issued.key)).toBe(true)
  expect((await del(`/${issued.id}`, { headers: { 'if-match': '"v1"' } })).status).toBe(204)
})

test('a lesser key of the same user takes over or stops no greater one', async () => {
  const { post, del, get, tenant } = await setup(createApp)
  for (const as of ['viewer', 'editor'] as const) {
    expect((await post(`/${tenant.keyIds.admin}/rotate`, {}, { as })).status).toBe(403)
    expect((await del(`/${tenant.keyIds.admin}`, { as })).status).toBe(403)
  }
  expect((await get('/')).status).toBe(200)
})

test("an admin rotates and revokes a member's key, which stays the member's", async () => {
  const { post, del, db, tenant } = await setup(createApp)
  const member = await addMember(db, tenant.id, { role: 'ingest' })
  const next = await issuedOf(await post(`/${member.keyId}/rotate`, {}))
  expect(next).toMatchObject({ user_id: member.id, created_by_user_id: tenant.admin.id })
  expect((await del(`/${next.id}`)).status).toBe(204)
  expect(await actionsOf(db, tenant.id, member.keyId)).toEqual(['key.rotated'])
  expect(await actionsOf(db, tenant.id, next.id)).toEqual(['key.revoked'])
})

test('an admin who has just been deleted makes no key for others, though theirs is still known', async () => {
  const { db, tenant, get, post } = await setup(createApp)
  const { id, auth: headers } = await addMember(db, tenant.id, { role: 'admin' })
  expect((await get('/', { headers })).status).toBe(200)
  await db.delete(users).where(and(eq(users.tenantId, tenant.id), eq(users.id, id)))
  const wanted = { name: 'back door', role: 'admin', user_id: tenant.admin.id }
  const reply = await post('/', wanted, { headers })
  expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([
    ...[401, expect.stringContaining('Bearer')],
  ])
  const made = and(eq(apiKeys.tenantId, tenant.id), eq(apiKeys.createdByUserId, id))
  expect(await db.$count(apiKeys, made)).toBe(0)
})
