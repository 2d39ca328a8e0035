import { expect, test } from 'vitest'
import { setup } from '../../test/harness/setup.ts'
import type { Reference } from '../_shared/ports/deps.ts'
import { createApp } from './index.ts'

const nobody = { as: 'nobody' } as const

/** A host with one document and two files, which counts how often it is asked. */
function host() {
  const asked: string[] = []
  const files: Record<string, string> = {
    'swagger-ui.css': 'text/css; charset=utf-8',
    'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  }
  const reference: Reference = {
    openapi: async () => {
      asked.push('openapi')
      return '{"openapi":"3.1.0","paths":{}}'
    },
    asset: async (name) => {
      asked.push(name)
      const contentType = files[name]
      return contentType ? { body: new TextEncoder().encode(`/* ${name} */`), contentType } : null
    },
    health: async () => ({}),
  }
  return { asked, reference }
}

test('the merged document is served to everybody, as the host gives it, read once', async () => {
  const { asked, reference } = host()
  const { get } = await setup(createApp, { config: { reference } })
  const reply = await get('/openapi.json', nobody)
  expect(reply.status).toBe(200)
  expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(await reply.json()).toEqual({ openapi: '3.1.0', paths: {} })
  await get('/openapi.json', nobody)
  expect(asked).toEqual(['openapi'])
})

test('all that the page loads comes from here, and exists', async () => {
  const { reference } = host()
  const { get } = await setup(createApp, { config: { reference } })
  const reply = await get('/docs', nobody)
  expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const html = await reply.text()
  const loaded = [...html.matchAll(/<(?:script src|link rel="stylesheet" href)="([^"]+)"/g)]
  expect(loaded.map((match) => match[1])).toEqual([
    '/docs/swagger-ui.css',
    '/docs/swagger-ui-bundle.js',
    '/docs/start.js',
  ])
  expect(html).not.toMatch(/https?:\/\//)
  for (const [, path = ''] of loaded) expect((await get(path, nobody)).status).toBe(200)
})

test('the page may run no code of others and inline none', async () => {
  const { get } = await setup(createApp)
  const reply = await get('/docs', nobody)
  const policy = reply.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(await reply.text()).not.toMatch(/<script>| on[a-z]+=|<style/)
})

test('every file has a tag of its bytes, and is not sent again to whoever has it', async () => {
  const { reference } = host()
  const { get } = await setup(createApp, { config: { reference } })
  const tags = new Set<string>()
  for (const path of ['/docs', '/openapi.json', '/docs/swagger-ui.css', '/docs/start.js']) {
    const first = await get(path, nobody)
    const etag = first.headers.get('etag') ?? ''
    tags.add(etag)
    expect(first.headers.get('cache-control')).toBe('public, no-cache')
    const again = await get(path, { ...nobody, headers: { 'if-none-match': `"x", W/${etag}` } })
    expect([again.status, again.headers.get('etag')]).toEqual([304, etag])
    const other = await get(path, { ...nobody, headers: { 'if-none-match': '"x"' } })
    expect(other.status).toBe(200)
  }
  expect(tags.size).toBe(4)
})

test.each([
  '/docs/..%2f..%2fpackage.json',
  '/docs/index.html',
  '/docs/swagger-ui.css.map',
  '/docs/%00',
])('the host is not even asked for %s', async (path) => {
  const { asked, reference } = host()
  const { get } = await setup(createApp, { config: { reference } })
  const reply = await get(path, nobody)
  expect(reply.status).toBe(404)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  expect(asked).toEqual([])
})

test('a file that the host lacks is a 404, and is found once it is there', async () => {
  const { reference } = host()
  const late: Reference = { ...reference, asset: async () => null }
  const { get } = await setup(createApp, { config: { reference: late } })
  expect((await get('/docs/favicon-32x32.png', nobody)).status).toBe(404)
  late.asset = async () => ({ body: new Uint8Array([1]), contentType: 'image/png' })
  expect((await get('/docs/favicon-32x32.png', nobody)).status).toBe(200)
})
