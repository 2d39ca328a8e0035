import { expect, test } from 'vitest'
import { setup } from '../../../test/harness/setup.ts'
import { createWidgets } from './widgets.fixture.ts'

const id = '0199a1c2-77aa-7aaa-8aaa-000000000001'
const widget = { name: 'a', size: 1 }
const json = { 'content-type': 'application/json' }
const setupWidgets = (options = {}) => setup(createWidgets(), options)
type Bench = Awaited<ReturnType<typeof setupWidgets>>

test('a good request gets its reply, its request id and the common headers', async () => {
  const { get } = await setupWidgets()
  const response = await get(`/${id}`, { headers: { 'x-request-id': 'given-by-caller' } })
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ name: id, size: 1 })
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/json',
    'x-request-id': 'given-by-caller',
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-cache',
    etag: '"v3"',
  })
})

test('every reply says how long it took, and how long it waited for the database', async () => {
  const { post } = await setupWidgets()
  const timing = (await post('/', widget)).headers.get('server-timing') ?? ''
  const [, db = '0', total = '0'] = /^db;dur=([\d.]+), total;dur=([\d.]+)$/.exec(timing) ?? []
  expect(Number(db)).toBeGreaterThan(0)
  expect(Number(total)).toBeGreaterThan(0)
})

test('a request id that could forge log lines is replaced', async () => {
  const { get } = await setupWidgets()
  const response = await get(`/${id}`, { headers: { 'x-request-id': 'a b{"' } })
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
})

const failing: [string, number, string, (bench: Bench) => Promise<Response>][] = [
  ['an unknown path', 404, 'not_found', ({ get }) => get('/a/b/c')],
  ['an id that is no UUID', 404, 'not_found', ({ get }) => get('/12')],
  ['a wrong method', 405, 'method_not_allowed', ({ put }) => put(`/${id}`, widget)],
  ['no key', 401, 'unauthorized', ({ get }) => get(`/${id}`, { as: 'nobody' })],
  [
    'a malformed key',
    401,
    'unauthorized',
    ({ get }) => get('/', { headers: { authorization: 'Bearer x' } }),
  ],
  ['a role too low', 403, 'forbidden', ({ post }) => post('/', widget, { as: 'viewer' })],
  [
    'a compressed body',
    415,
    'unsupported_media_type',
    ({ post }) => post('/', widget, { headers: { 'content-encoding': 'gzip' } }),
  ],
  ['no Content-Type', 415, 'unsupported_media_type', ({ post }) => post('/', new Uint8Array([1]))],
  ['text as JSON', 415, 'unsupported_media_type', ({ post }) => post('/', '{}')],
  ['broken JSON', 400, 'malformed', ({ post }) => post('/', '{"a', { headers: json })],
  [
    'bytes that are no UTF-8',
    400,
    'malformed',
    ({ post }) => post('/', new Uint8Array([0x22, 0xff, 0x22]), { headers: json }),
  ],
  ['broken percent-encoding', 400, 'malformed', ({ get }) => get('/?limit=%E0%A4')],
  ['an unknown query name', 422, 'invalid', ({ get }) => get('/?limti=1')],
  ['an empty cursor', 400, 'invalid_cursor', ({ get }) => get('/?cursor=')],
  ['NUL in a cursor', 400, 'invalid_cursor', ({ get }) => get('/?cursor=%00')],
  ['a repeated query name', 422, 'invalid', ({ get }) => get('/?limit=1&limit=2')],
  ['NUL in the query', 422, 'invalid', ({ get }) => get('/?limit=%00')],
  ['a wrong type', 422, 'invalid', ({ post }) => post('/', { name: 1, size: 'x' })],
  [
    'a number that overflows',
    422,
    'invalid',
    ({ post }) => post('/', '{"name":"a","size":1e999}', { headers: json }),
  ],
  [
    'an Idempotency-Key of spaces',
    400,
    'malformed',
    ({ post }) => post('/', widget, { headers: { 'idempotency-key': 'a b' } }),
  ],
]

test.each(failing)('%s is answered %i %s as problem+json', async (_, status, code, send) => {
  const response = await send(await setupWidgets())
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  const problem = await response.json()
  expect(problem).toMatchObject({ code, status, instance: response.headers.get('x-request-id') })
})

test('401 names the scheme and 405 the methods of the path', async () => {
  const { get, put } = await setupWidgets()
  const unauthorized = await get('/', { as: 'nobody' })
  expect(unauthorized.headers.get('www-authenticate')).toContain('Bearer')
  expect((await put(`/${id}`)).headers.get('allow')).toBe('GET, HEAD, OPTIONS, PATCH')
})

test('every fault of the input is named at once, with a suggestion for a slip', async () => {
  const { post } = await setupWidgets()
  const response = await post('/', { nmae: 'a', size: 'x' })
  const { errors } = (await response.json()) as { errors: { pointer: string }[] }
  expect(errors).toContainEqual(
    expect.objectContaining({ in: 'body', pointer: '/nmae', hint: 'Did you mean "name"?' }),
  )
  expect(errors.map((fault) => fault.pointer).sort()).toEqual(['/name', '/nmae', '/size'])
})

test('a body above the limit is refused by its announced and by its real length', async () => {
  const { post } = await setupWidgets({ config: { jsonBytesMax: 50 } })
  const large = JSON.stringify({ name: 'x'.repeat(100), size: 1 })
  const announced = await post('/', large, {
    headers: { ...json, 'content-length': '200000000' },
  })
  expect(announced.status).toBe(413)
  const chunked = await post('/', new Blob([large]).stream(), { headers: json })
  expect(chunked.status).toBe(413)
})

test('an unexpected error is answered without its text and logged with it', async () => {
  const { post, logLines } = await setupWidgets()
  const response = await post('/misbehave/throw')
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('secret')
  expect(String(logLines[0]?.err)).toContain('select secret from hidden')
})

test('a broken constraint is answered without values, and no values are logged', async () => {
  const { post, logLines } = await setupWidgets()
  const response = await post('/misbehave/constraint')
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(`${await response.text()}${JSON.stringify(logLines)}`).not.toContain('secret value')
})

test('a handler that never ends is answered 503 with Retry-After at the deadline', async () => {
  const { post } = await setupWidgets({ config: { requestTimeoutMs: 50 } })
  const response = await post('/misbehave/hang')
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('2')
})

test('a known version is answered 304 without a body', async () => {
  const { get } = await setupWidgets()
  const response = await get(`/${id}`, { headers: { 'if-none-match': '"v1", "v3"' } })
  expect([response.status, await response.text()]).toEqual([304, ''])
  expect(response.headers.get('etag')).toBe('"v3"')
})

test('a stale If-Match is answered 412 and a current one passes', async () => {
  const { patch } = await setupWidgets()
  const stale = await patch(`/${id}`, widget, { headers: { 'if-match': '"v2"' } })
  const current = await patch(`/${id}`, widget, { headers: { 'if-match': '"v3"' } })
  expect([stale.status, current.status]).toEqual([412, 200])
})

test('a literal path is not taken for an id, whatever the order of the routes', async () => {
  const { get } = await setupWidgets()
  expect(await (await get('/me', { as: 'worker' })).json()).toEqual({ role: 'worker' })
})

test('HEAD is GET without the body', async () => {
  const { request, tenant } = await setupWidgets()
  const headers = { authorization: `Bearer ${tenant.keys.viewer}` }
  const response = await request(`/${id}`, { method: 'HEAD', headers })
  expect([response.status, await response.text()]).toEqual([200, ''])
})

test('a public route at the root needs no key', async () => {
  const { get } = await setupWidgets()
  expect((await get('/ping', { as: 'nobody' })).status).toBe(204)
})

test('a preflight of an allowed origin names what it may send, another origin learns nothing', async () => {
  const { request } = await setupWidgets({ config: { corsOrigins: ['https://app.example'] } })
  const preflight = (origin: string) =>
    request('/', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    })
  const allowed = await preflight('https://app.example')
  expect(allowed.status).toBe(204)
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(allowed.headers.get('access-control-allow-methods')).toContain('POST')
  expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
  const other = await preflight('https://evil.example')
  expect(other.headers.get('access-control-allow-origin')).toBeNull()
})

test('errors carry CORS headers too, so that a page can read why', async () => {
  const { get } = await setupWidgets({ config: { corsOrigins: ['*localhost*'] } })
  const response = await get('/', { as: 'nobody', headers: { origin: 'http://localhost:5173' } })
  expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:5173')
  expect(response.headers.get('access-control-expose-headers')).toContain('X-Request-Id')
})

test('one request is one log line, with the level of its status', async () => {
  const { get, logLines } = await setupWidgets()
  await get(`/${id}?secret=1`, { as: 'nobody' })
  expect(logLines).toHaveLength(1)
  expect(logLines[0]).toMatchObject({
    level: 'warn',
    fields: { status: 401, code: 'unauthorized' },
  })
  expect(JSON.stringify(logLines)).not.toContain('secret')
})

test('the function serves an OpenAPI document of its own', async () => {
  const { get } = await setupWidgets()
  const document = await (await get('/openapi.json', { as: 'nobody' })).json()
  const schema = { $ref: '#/components/schemas/Widget' }
  expect(document).toMatchObject({
    openapi: '3.1.0',
    paths: {
      '/v1/widgets': {
        post: { requestBody: { content: { 'application/json': { schema } } } },
      },
    },
  })
})
