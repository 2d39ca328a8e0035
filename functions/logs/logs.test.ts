import { expect, test } from 'vitest'
import { setup } from '../../test/harness/setup.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { ErrorEntry, ErrorGroup } from '../_shared/ports/redis.ts'
import { createApp } from './index.ts'

const entry = (fields: Partial<ErrorEntry> = {}): ErrorEntry => ({
  time: '2026-11-20T05:00:46.694Z',
  level: 'warn',
  source: 'function',
  function: 'users',
  request_id: 'req-00000001',
  method: 'GET',
  path: '/v1/users',
  status: 404,
  code: 'not_found',
  message: 'There is nothing here.',
  ...fields,
})

async function setupLogs(entries: ErrorEntry[] = [], options = {}) {
  const bench = await setup(createApp, options)
  bench.redis.entries.push(...entries)
  return bench
}

test("an admin of the operator's tenant reads the entries, newest first", async () => {
  const entries = [entry({ message: 'newer' }), entry({ message: 'older' })]
  const { operator } = await setupLogs(entries)
  const response = await operator.get('/')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({
    items: entries,
    next_cursor: null,
    degraded: false,
    dropped: 0,
  })
})

test.each(['admin', 'editor', 'viewer', 'ingest', 'worker'] as const)(
  'a %s of another tenant may neither read nor write',
  async (as) => {
    const { get, post, logLines } = await setupLogs([entry()])
    const body = { level: 'error', message: 'hello' }
    const replies = [
      await get('/', { as }),
      await get('/groups', { as }),
      await post('/', body, { as }),
    ]
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403])
    expect(await replies[0]?.text()).not.toContain('There is nothing here.')
    expect(logLines.map(({ message }) => message)).not.toContain('hello')
  },
)

test.each(['editor', 'viewer', 'ingest', 'worker'] as const)(
  "a %s of the operator's tenant may not read",
  async (as) => {
    const { operator } = await setupLogs()
    expect((await operator.get('/', { as })).status).toBe(403)
    expect((await operator.get('/groups', { as })).status).toBe(403)
  },
)

test('nobody reads without a key', async () => {
  const { get } = await setupLogs()
  expect((await get('/', { as: 'nobody' })).status).toBe(401)
})

test.each([
  ['level=error', ['b']],
  ['source=caddy', ['c']],
  ['function=documents', ['b']],
  ['request_id=req-00000003', ['c']],
  ['level=warn&limit=1', ['a']],
  ['level=error&source=caddy', []],
])('%s selects exactly the matching entries', async (query, expected) => {
  const { operator } = await setupLogs([
    entry({ message: 'a' }),
    entry({ message: 'b', level: 'error', function: 'documents' }),
    entry({ message: 'c', source: 'caddy', request_id: 'req-00000003' }),
  ])
  const { items } = (await (await operator.get(`/?${query}`)).json()) as { items: ErrorEntry[] }
  expect(items.map(({ message }) => message)).toEqual(expected)
})

test.each(['limit=0', 'limit=201', 'limit=x', 'level=info', 'source=redis', 'lvl=warn'])(
  '%s is refused as invalid',
  async (query) => {
    const { operator } = await setupLogs()
    expect((await operator.get(`/?${query}`)).status).toBe(422)
  },
)

type Groups = { items: ErrorGroup[]; since: string }

test('groups count entries that are alike, most frequent first, and tell since when', async () => {
  const { operator, clock } = await setupLogs([
    entry({
      message: 'Page 3 is missing.',
      request_id: 'req-newest',
      time: '2026-11-20T05:00:47.000Z',
    }),
    entry({ message: 'disk full', level: 'error', status: 507, code: null }),
    entry({ message: 'Page 12 is missing.' }),
  ])
  const response = await operator.get('/groups')
  expect(response.status).toBe(200)
  const page = (await response.json()) as Groups
  expect(page).toMatchObject({ next_cursor: null, since: clock.now().toISOString() })
  expect(page.items[0]).toEqual({
    level: 'warn',
    source: 'function',
    function: 'users',
    code: 'not_found',
    status: 404,
    message: 'Page # is missing.',
    count: 2,
    first_time: '2026-11-20T05:00:46.694Z',
    last_time: '2026-11-20T05:00:47.000Z',
    last_request_id: 'req-newest',
  })
  expect(page.items.map(({ count }) => count)).toEqual([2, 1])
})

test('a single error is counted behind a flood of warnings that the list has long lost', async () => {
  const flood = Array.from({ length: 1_000 }, (_, i) => entry({ code: `code-${i}` }))
  const { operator } = await setupLogs([...flood, entry({ level: 'error', message: 'disk full' })])
  const { items } = (await (await operator.get('/groups?level=error')).json()) as Groups
  expect(items).toMatchObject([{ message: 'disk full', count: 1 }])
  const all = (await (await operator.get('/groups?limit=502')).json()) as Groups
  expect(all.items.reduce((sum, { count }) => sum + count, 0)).toBe(1_001)
  expect(all.items[0]).toMatchObject({ code: 'other', count: 700 })
})

test.each([
  ['level=error', ['b']],
  ['source=caddy', ['c']],
  ['function=documents&limit=1', ['b']],
  ['limit=2', ['c', 'a']],
])('groups of %s are exactly the matching ones', async (query, expected) => {
  const { operator } = await setupLogs([
    entry({ message: 'c', source: 'caddy' }),
    entry({ message: 'c', source: 'caddy' }),
    entry({ message: 'b', level: 'error', function: 'documents' }),
    entry({ message: 'a' }),
  ])
  const { items } = (await (await operator.get(`/groups?${query}`)).json()) as Groups
  expect(items.map(({ message }) => message)).toEqual(expected)
})

test.each(['limit=0', 'limit=503', 'level=info', 'source=redis', 'request_id=req-00000001'])(
  'groups of %s are refused as invalid',
  async (query) => {
    const { operator } = await setupLogs()
    expect((await operator.get(`/groups?${query}`)).status).toBe(422)
  },
)

test('while the relay is away groups are a 503 with Retry-After', async () => {
  const { deps, operator } = await setupLogs()
  deps.redis.errorList.groups = async () => {
    throw new AppError('unavailable', 'The relay, which counts, does not answer right now.')
  }
  const response = await operator.get('/groups')
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await response.json()).toMatchObject({ code: 'unavailable' })
})

test('what the relay remembers is marked as degraded while Redis is away', async () => {
  const { deps, operator } = await setupLogs()
  deps.redis.errorList.read = async () => ({ entries: [entry()], degraded: true, dropped: 7 })
  const page = await (await operator.get('/')).json()
  expect(page).toMatchObject({ degraded: true, dropped: 7, items: [{ status: 404 }] })
})

test.each(['warn', 'error'] as const)(
  'a test %s goes through the log of the function, with the request id of the reply',
  async (level) => {
    const { operator, logLines } = await setupLogs()
    const response = await operator.post('/', { level, message: ' Is anybody there? ' })
    expect(response.status).toBe(202)
    const requestId = response.headers.get('x-request-id')
    expect(await response.json()).toEqual({
      request_id: requestId,
      level,
      message: 'Is anybody there?',
    })
    const fields = { code: 'test_entry', function: 'logs', request_id: requestId, method: 'POST' }
    expect(logLines[0]).toMatchObject({ level, message: 'Is anybody there?', fields })
  },
)

test.each([
  [{ level: 'info', message: 'x' }, 422],
  [{ level: 'warn', message: ' ' }, 422],
  [{ level: 'warn', message: 'x'.repeat(1001) }, 422],
  [{ level: 'warn' }, 422],
  ['{"level"', 400],
])('the test entry %j is refused', async (body, status) => {
  const { operator, logLines } = await setupLogs()
  const headers = { 'content-type': 'application/json' }
  expect((await operator.post('/', body, { headers })).status).toBe(status)
  expect(logLines.filter(({ fields }) => fields.code === 'test_entry')).toEqual([])
})
