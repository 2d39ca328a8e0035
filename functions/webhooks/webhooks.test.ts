import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, webhookEndpoints } from '../../db/schema/index.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Webhook = {
  id: string
  url: string
  enabled: boolean
  disabled_reason: string | null
  secret?: string | null
  version: number
}
type Problem = { errors?: { pointer: string; detail: string }[] }

const url = 'https://hooks.example.com/octavo'

async function webhooks(options: Parameters<typeof setup>[1] = {}) {
  const world = await setup(createApp, options)
  const create = async (fields: object = {}) => {
    const reply = await world.post('/', { url, types: ['*'], ...fields })
    expect(reply.status).toBe(201)
    return bodyOf<Webhook>(reply)
  }
  const read = async (id: string) => bodyOf<Webhook>(await world.get(`/${id}`))
  const stored = async (id: string) => {
    const [row] = await world.db
      .select()
      .from(webhookEndpoints)
      .where(eq(webhookEndpoints.tenantId, world.tenant.id))
    return row?.id === id ? row : undefined
  }
  return { ...world, create, read, stored }
}

test('a secret is shown once, and stored sealed', async () => {
  const { create, read, get, stored, logLines } = await webhooks()
  const { id, secret } = await create()
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  expect(await read(id)).not.toHaveProperty('secret')
  expect(await (await get('/')).text()).not.toContain('whsec_')
  const clear = secret?.slice('whsec_'.length) ?? ''
  const row = await stored(id)
  expect(Buffer.from(row?.secretSealed ?? []).includes(clear)).toBe(false)
  expect(JSON.stringify(logLines)).not.toContain(clear)
})

test('a creation that is sent twice makes one webhook, and its replay does not show the secret', async () => {
  const { post, get } = await webhooks()
  const send = () => post('/', { url, types: ['*'] }, { headers: { 'idempotency-key': 'twice' } })
  const [first, second] = [await bodyOf<Webhook>(await send()), await bodyOf<Webhook>(await send())]
  expect(second).toMatchObject({ id: first.id, secret: null })
  const { items } = await bodyOf<{ items: Webhook[] }>(await get('/'))
  expect(items.map(({ id }) => id)).toEqual([first.id])
})

test.each([
  ['plain http', 'http://example.com/'],
  ['no URL', 'example.com'],
  ['another scheme', 'file:///etc/passwd'],
  ['a user name', 'https://user@example.com/'],
  ['a password', 'https://:secret@example.com/'],
  ['the port of a mail server', 'https://example.com:25/'],
  ['loopback', 'https://127.0.0.1/'],
  ['loopback in hexadecimal', 'https://0x7f.1/'],
  ['loopback as one number', 'https://2130706433/'],
  ['loopback in octal', 'https://0177.0.0.1/'],
  ['loopback with a dot behind', 'https://127.0.0.1./'],
  ['loopback in IPv6', 'https://[::1]/'],
  ['loopback mapped to IPv6', 'https://[::ffff:127.0.0.1]/'],
  ['a public address', 'https://93.184.216.34/'],
  ['wide digits', 'https://１２７.0.0.1/'],
  ['localhost', 'https://localhost/'],
  ['localhost with a dot', 'https://LOCALHOST./'],
  ['a name below localhost', 'https://a.localhost/'],
  ['one label', 'https://intranet/'],
  ['a name of the own network', 'https://db.internal/'],
])('a URL with %s is a 422 that names the field', async (_, wrong) => {
  const { post } = await webhooks()
  const reply = await post('/', { url: wrong, types: ['*'] })
  expect(reply.status).toBe(422)
  expect((await bodyOf<Problem>(reply)).errors?.map(({ pointer }) => pointer)).toEqual(['/url'])
})

test('where private addresses are allowed, plain http on loopback is', async () => {
  const { create } = await webhooks({ config: { webhooksAllowPrivate: true } })
  expect((await create({ url: 'http://127.0.0.1:9000/' })).url).toBe('http://127.0.0.1:9000/')
})

test('line breaks in a URL are not stored', async () => {
  const { create } = await webhooks()
  const made = await create({ url: 'https://example.com/a\r\nX-Evil: 1' })
  expect(made.url).toBe('https://example.com/aX-Evil:%201')
})

test('an unknown type is a 422', async () => {
  const { post } = await webhooks()
  const reply = await post('/', { url, types: ['document.eaten'] })
  expect(reply.status).toBe(422)
})

test('a change needs a good URL, and of two who have read the same version one gets a 412', async () => {
  const { create, patch, read } = await webhooks()
  const { id } = await create()
  expect((await patch(`/${id}`, { url: 'https://localhost/' })).status).toBe(422)
  const change = (description: string) =>
    patch(`/${id}`, { description }, { headers: { 'if-match': '"v1"' } })
  const replies = await Promise.all([change('One'), change('Two')])
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 412])
  expect(await read(id)).toMatchObject({ url, version: 2 })
})

test('a webhook is disabled and enabled, which forgets its failures and is audited', async () => {
  const { db, tenant, create, patch, read } = await webhooks()
  const { id } = await create({ enabled: false })
  expect(await read(id)).toMatchObject({ enabled: false, disabled_reason: 'asked' })
  await db
    .update(webhookEndpoints)
    .set({ failingSince: new Date() })
    .where(eq(webhookEndpoints.tenantId, tenant.id))
  await patch(`/${id}`, { enabled: true })
  await patch(`/${id}`, { enabled: true })
  const now = { enabled: true, disabled_reason: null, failing_since: null, version: 3 }
  expect(await read(id)).toMatchObject(now)
  const { action, tenantId, seq } = auditLog
  const entries = await db
    .select({ action })
    .from(auditLog)
    .where(eq(tenantId, tenant.id))
    .orderBy(seq)
  expect(entries.map((entry) => entry.action)).toEqual(['webhook.created', 'webhook.enabled'])
})

test('a rotated secret is a new one, and the old one stays for the overlap or goes at once', async () => {
  const { create, post, stored } = await webhooks()
  const { id, secret } = await create()
  const first = (await stored(id))?.secretSealed
  const rotate = async (hours: number) =>
    bodyOf<Webhook>(await post(`/${id}/rotate`, { overlap_hours: hours }))
  const rotated = await rotate(24)
  expect(rotated.secret).not.toBe(secret)
  expect((await stored(id))?.previousSecretSealed).toEqual(first)
  await rotate(0)
  expect(await stored(id)).toMatchObject({ previousSecretSealed: null, previousSecretUntil: null })
})

test('a tenant has at most 20, however many are made at once', async () => {
  const { post, otherTenant } = await webhooks()
  const make = () => post('/', { url, types: ['*'] })
  const replies = await Promise.all(Array.from({ length: 23 }, make))
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(20)
  expect(replies.filter(({ status }) => status === 409)).toHaveLength(3)
  expect((await otherTenant.post('/', { url, types: ['*'] })).status).toBe(201)
})

test('a deleted webhook is gone with its deliveries', async () => {
  const { create, post, del, get } = await webhooks()
  const { id } = await create()
  const delivery = await bodyOf<{ id: string }>(await post(`/${id}/test`))
  expect((await get(`/deliveries/${delivery.id}`)).status).toBe(200)
  expect((await del(`/${id}`)).status).toBe(204)
  expect((await get(`/${id}`)).status).toBe(404)
  expect((await get(`/deliveries/${delivery.id}`)).status).toBe(404)
})

test('nobody but an admin of the tenant sees or changes one', async () => {
  const { create, get, post, otherTenant } = await webhooks()
  const { id } = await create()
  const delivery = await bodyOf<{ id: string }>(await post(`/${id}/test`))
  expect((await get('/', { as: 'editor' })).status).toBe(403)
  expect((await post('/', { url, types: ['*'] }, { as: 'editor' })).status).toBe(403)
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
  for (const path of [`/${id}`, `/${id}/deliveries`, `/deliveries/${delivery.id}`])
    expect((await otherTenant.get(path)).status).toBe(404)
  for (const path of [`/${id}/test`, `/deliveries/${delivery.id}/redeliver`])
    expect((await otherTenant.post(path)).status).toBe(404)
})
