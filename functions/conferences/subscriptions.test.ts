import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { users } from '../../db/schema/users.ts'
import { conferences, conferenceYaml } from '../../test/fixtures/conferences.ts'
import { addMember } from '../../test/harness/members.ts'
import { bodyOf, type RequestOptions } from '../../test/harness/requests.ts'
import type { SetupOptions } from '../../test/harness/setup.ts'

type Subscription = { id: string; token: string | null; url: string | null; name: string }

async function subscriptions(options: SetupOptions = {}) {
  const world = await conferences(options)
  const rounds = [{ abstract: '2026-06-04 12:00', paper: '2026-06-11 12:00' }]
  const brought = await world.bring(conferenceYaml([{ year: 2027, rounds }]))
  const subscribe = async (fields: object = {}, options: RequestOptions = {}) => {
    const reply = await world.post('/subscriptions', { name: 'Mine', ...fields }, options)
    expect(reply.status).toBe(201)
    return bodyOf<Subscription>(reply)
  }
  const open = (url: string | null) => world.get(url ?? '', { as: 'nobody' })
  return { ...world, id: brought.conferences[0]?.id ?? '', subscribe, open }
}

test('a calendar program reads the deadlines of a link without a key, in the filter of the link', async () => {
  const { subscribe, open, id } = await subscriptions()
  const all = await subscribe()
  const reply = await open(all.url)
  expect(reply.status).toBe(200)
  expect(reply.headers.get('content-type')).toBe('text/calendar; charset=utf-8')
  expect(reply.headers.get('cache-control')).toBe('no-store')
  const text = await reply.text()
  expect(text).toContain('X-WR-CALNAME:Mine')
  expect(text.match(/BEGIN:VEVENT/g)).toHaveLength(2)
  const papers = await subscribe({ conference_id: id, filter: { kind: ['paper'] } })
  const filtered = await (await open(papers.url)).text()
  expect(filtered.match(/SUMMARY:.*/g)).toEqual(['SUMMARY:CONF 2027: paper deadline'])
})

test('the secret of a link is shown once, and its row never shows it', async () => {
  const { subscribe, get } = await subscriptions()
  const { id, token } = await subscribe()
  expect(token).toMatch(/^oct_[0-9a-f]{32}_[0-9a-f]{96}$/)
  for (const path of [`/subscriptions/${id}`, '/subscriptions']) {
    const text = await (await get(path)).text()
    expect(text).toContain(id)
    expect(text).not.toContain('oct_')
  }
})

test('a repetition with one Idempotency-Key makes one link and does not show it again', async () => {
  const { post, get } = await subscriptions()
  const headers = { 'idempotency-key': crypto.randomUUID() }
  await post('/subscriptions', { name: 'Mine' }, { headers })
  const again = await bodyOf<Subscription>(
    await post('/subscriptions', { name: 'Mine' }, { headers }),
  )
  expect([again.token, again.url]).toEqual([null, null])
  const { items } = await bodyOf<{ items: unknown[] }>(await get('/subscriptions'))
  expect(items).toHaveLength(1)
})

test('a link that was revoked shows nothing from then on', async () => {
  const { subscribe, open, del } = await subscriptions()
  const { id, url } = await subscribe()
  expect((await del(`/subscriptions/${id}`)).status).toBe(204)
  expect((await open(url)).status).toBe(404)
  expect((await del(`/subscriptions/${id}`)).status).toBe(404)
})

test('a link shows nothing while its user is disabled or may not read, and again after', async () => {
  const { subscribe, open, db, tenant } = await subscriptions()
  const member = await addMember(db, tenant.id, { role: 'viewer' })
  const { url } = await subscribe({}, { headers: member.auth })
  const set = (values: Partial<typeof users.$inferInsert>) =>
    db
      .update(users)
      .set(values)
      .where(and(eq(users.tenantId, tenant.id), eq(users.id, member.id)))
  for (const [values, status] of [
    [{}, 200],
    [{ disabledAt: new Date() }, 404],
    [{ disabledAt: null, role: 'ingest' as const }, 404],
    [{ role: 'viewer' as const }, 200],
  ] as const) {
    if (Object.keys(values).length > 0) await set(values)
    expect((await open(url)).status).toBe(status)
  }
})

test('a link goes with its user, and asked again it is sent only when something has changed', async () => {
  const { subscribe, open, request, get, db, tenant } = await subscriptions()
  const member = await addMember(db, tenant.id, { role: 'viewer' })
  const { url } = await subscribe({}, { headers: member.auth })
  const head = await request(url ?? '', { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  const etag = head.headers.get('etag') ?? ''
  const again = await get(url ?? '', { as: 'nobody', headers: { 'if-none-match': etag } })
  expect([again.status, again.headers.get('cache-control')]).toEqual([304, 'no-store'])
  await db.delete(users).where(and(eq(users.tenantId, tenant.id), eq(users.id, member.id)))
  expect((await open(url)).status).toBe(404)
})

test.each(['Mine\rX-EVIL:1', 'Mine\u0007', '\u202eeniM', '\u200b'])(
  'the name %j of a link is a 422, as a calendar would stumble over it',
  async (name) => {
    const { post } = await subscriptions()
    expect((await post('/subscriptions', { name })).status).toBe(422)
  },
)

test('a link whose filter names nothing at all is a 422, as it would show nothing', async () => {
  const { post } = await subscriptions()
  for (const filter of [{ sub: [] }, { kind: [] }])
    expect((await post('/subscriptions', { name: 'x', filter })).status).toBe(422)
})

test('everybody sees their own links, an admin those of all, another tenant none', async () => {
  const { subscribe, get, del, otherTenant, db, tenant } = await subscriptions()
  const member = await addMember(db, tenant.id, { role: 'viewer' })
  const [theirs, mine] = [await subscribe({}, { headers: member.auth }), await subscribe()]
  const seen = async (options?: RequestOptions) => {
    const { items } = await bodyOf<{ items: Subscription[] }>(await get('/subscriptions', options))
    return items.map(({ id }) => id)
  }
  expect(await seen()).toEqual([mine.id, theirs.id])
  expect(await seen({ headers: member.auth })).toEqual([theirs.id])
  expect((await get(`/subscriptions/${mine.id}`, { headers: member.auth })).status).toBe(404)
  expect((await del(`/subscriptions/${mine.id}`, { headers: member.auth })).status).toBe(404)
  expect((await otherTenant.get(`/subscriptions/${mine.id}`)).status).toBe(404)
})

test('what opens nothing is the same 404, counted apart from keys, and keeps no good link out', async () => {
  const { subscribe, open, get } = await subscriptions({ limits: { auth_failure: 2 } })
  const { url } = await subscribe()
  const forged = `${url?.slice(0, -1)}${url?.endsWith('0') ? '1' : '0'}`
  const tries = [forged, '/subscriptions/calendar.ics?token=x', forged].map(open)
  const statuses = (await Promise.all(tries)).map(({ status }) => status)
  expect(statuses.sort()).toEqual([404, 404, 429])
  expect((await open(url)).status).toBe(200)
  expect((await get('/')).status).toBe(200)
})

test('a link to a conference that is not there is a 422', async () => {
  const { post } = await subscriptions()
  const fields = { name: 'x', conference_id: crypto.randomUUID() }
  const reply = await post('/subscriptions', fields)
  expect(reply.status).toBe(422)
  expect(await bodyOf(reply)).toMatchObject({ errors: [{ pointer: '/conference_id' }] })
})
