import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { registry } from '../../local-runtime/registry.ts'
import { eventually } from '../../local-runtime/relay/relay.fixture.ts'
import { corsOriginsPattern, validateCaddyfile } from '../../local-runtime/services/caddy.ts'
import { caddyPackage, ensurePrograms } from '../../local-runtime/services/debian-packages.ts'
import { runToEnd } from '../../local-runtime/services/process.ts'
import { servicesDir } from '../harness/services-folder.ts'
import { caddyfile, captureLog, echo, newHome, openCaddy, startUpstream } from './caddy.fixture.ts'

test('Caddy calls the Caddyfile valid', async () => {
  const { home, run } = await newHome()
  await captureLog(run)
  const env = { OCTAVO_RUN: run, OCTAVO_PORT: '12000' }
  await validateCaddyfile({ home, caddyfile, servicesDir, env })
})

test('the Caddyfile is formatted as `caddy fmt` does', async () => {
  const [caddy] = await ensurePrograms(servicesDir, [caddyPackage])
  const command = { program: caddy?.program ?? '', args: ['fmt', caddyfile], env: caddy?.env ?? {} }
  const { output } = await runToEnd(command, { timeoutMs: 20_000 })
  expect(output).toBe(await readFile(caddyfile, 'utf8'))
})

test('every function of the registry has its route, and the special paths theirs', async () => {
  const places = await newHome()
  await captureLog(places.run)
  for (const { name } of registry) await startUpstream(places.run, name, echo(name))
  const { send } = await openCaddy(places)
  const routes = [
    ...registry.flatMap(({ name }) => [
      [`/v1/${name}`, name],
      [`/v1/${name}/a/b?c=d`, name],
    ]),
    ...[
      ['/livez', 'health'],
      ['/readyz', 'health'],
      ['/openapi.json', 'docs'],
    ],
    ...[
      ['/docs', 'docs'],
      ['/docs/a/b.css', 'docs'],
    ],
  ]
  for (const [path = '', name] of routes) {
    const { status, body } = await send(path)
    expect([status, JSON.parse(body)]).toEqual([200, expect.objectContaining({ name, url: path })])
  }
})

test.each(['/v1', '/v1/usersx', '/v2/users', '/livez/x', '/v1/nothing'])(
  '%s belongs to no function: 404 as problem+json with the request id',
  async (path) => {
    const places = await newHome()
    await captureLog(places.run)
    await startUpstream(places.run, 'users', echo('users'))
    const { send } = await openCaddy(places)
    const { status, headers, body } = await send(path, { headers: { 'x-request-id': 'mine-0001' } })
    expect([status, headers['content-type'], headers['x-request-id']]).toEqual([
      ...[404, 'application/problem+json', 'mine-0001'],
    ])
    expect(JSON.parse(body)).toEqual({
      type: 'urn:octavo:problem:not_found',
      title: 'Not found',
      status: 404,
      detail: 'No function answers at this path.',
      instance: 'mine-0001',
      code: 'not_found',
    })
  },
)

test('a browser at the base URL is led to the reference, and this is no failure', async () => {
  const places = await newHome()
  const captured = await captureLog(places.run)
  const { send } = await openCaddy(places)
  const { status, headers } = await send('/')
  expect([status, headers.location]).toEqual([302, '/docs'])
  expect((await send('/', { method: 'POST', body: '{}' })).status).toBe(404)
  await eventually(() => captured.text.includes('"status":404'))
  expect(captured.text).not.toContain('"status":302')
})

test.each([
  [['https://app.example.com', '*localhost*'], 'https://app.example.com', true],
  [['https://app.example.com', '*localhost*'], 'http://localhost:5173', true],
  [['https://app.example.com', '*localhost*'], 'http://[::1]:5173', true],
  [['https://app.example.com'], 'https://app-example.com', false],
  [['https://app.example.com'], 'https://app.example.com.evil.example', false],
  [['https://app.example.com'], 'http://localhost:5173', false],
  [[], 'https://app.example.com', false],
  [[], '', false],
])("with %j a page of %s may read Caddy's own errors: %s", async (origins, origin, mayRead) => {
  const places = await newHome()
  await captureLog(places.run)
  const settings = { CORS_ORIGINS_PATTERN: corsOriginsPattern(origins) }
  const { send } = await openCaddy(places, settings)
  const { headers } = await send('/nowhere', { headers: { origin } })
  expect(headers['access-control-allow-origin']).toBe(mayRead ? origin : undefined)
  expect(headers['access-control-allow-credentials']).toBeUndefined()
  expect(headers.vary).toBe('Origin')
})

test("without CORS_ORIGINS_PATTERN no page may read Caddy's own errors", async () => {
  const places = await newHome()
  await captureLog(places.run)
  const { send } = await openCaddy(places)
  for (const origin of ['', 'https://app.example.com'])
    expect((await send('/nowhere', { headers: { origin } })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    )
})

test('a function learns the real address and one sane request id, whatever the caller claims', async () => {
  const places = await newHome()
  await captureLog(places.run)
  await startUpstream(places.run, 'users', echo('users'))
  const { send } = await openCaddy(places)
  const claims = { 'x-client-address': '1.2.3.4', 'x-forwarded-for': '1.2.3.4' }
  const sane = await send('/v1/users', { headers: { ...claims, 'x-request-id': 'mine-0001' } })
  expect(JSON.parse(sane.body).headers).toMatchObject({
    'x-client-address': '127.0.0.1',
    'x-forwarded-for': '127.0.0.1',
    'x-request-id': 'mine-0001',
  })
  const connection = 'close, X-Request-Id, X-Client-Address'
  const stripped = await send('/v1/users', {
    headers: { ...claims, connection, 'x-request-id': 'mine-0002' },
  })
  expect(JSON.parse(stripped.body).headers).toMatchObject({
    'x-client-address': '127.0.0.1',
    'x-request-id': 'mine-0002',
  })
  for (const wild of ['short', 'x'.repeat(65), 'has space', '{env.HOME}-1234', 'a"b,c:defgh']) {
    const { headers, body } = await send('/v1/users', { headers: { 'x-request-id': wild } })
    const id = JSON.parse(body).headers['x-request-id']
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}$/)
    expect(headers['x-request-id']).toBe(id)
  }
})
