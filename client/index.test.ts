import { uuidv7 } from 'uuidv7'
import { expect, expectTypeOf, test } from 'vitest'
import type { Role } from '../db/schema/index.ts'
import { createApp as createDocuments } from '../functions/documents/index.ts'
import { createApp as createJobs } from '../functions/jobs/index.ts'
import { createApp as createKeys } from '../functions/keys/index.ts'
import { createApp as createUsers } from '../functions/users/index.ts'
import { setup } from '../test/harness/setup.ts'
import { type BodyOf, type ClientOptions, createClient, OctavoProblem, unwrap } from './index.ts'

const baseUrl = 'http://octavo.test'

async function setupClient(more: Partial<ClientOptions> = {}) {
  const bench = await setup(createUsers)
  const others = [createKeys, createDocuments, createJobs].map((create) => create(bench.deps))
  const send: typeof fetch = async (input, init) => {
    const request = new Request(input, init)
    const named = others.find(({ name }) => new URL(request.url).pathname.startsWith(`/v1/${name}`))
    return (named ?? bench.app).fetch(request)
  }
  const key = bench.tenant.keys.admin
  return { ...bench, octavo: createClient({ baseUrl, key, fetch: send, ...more }) }
}

const problemOf = async (work: Promise<unknown>): Promise<OctavoProblem> => {
  const err = await work.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (err instanceof OctavoProblem) return err
  throw new Error('this was to be refused by the server', { cause: err })
}

test('a real call gives the typed body of a real reply', async () => {
  const { octavo, tenant } = await setupClient()
  const json = { email: 'ada@example.org', display_name: 'Ada', role: 'editor' as const }
  const user = await unwrap(octavo.users.$post({ json }))
  expectTypeOf(user.role).toEqualTypeOf<Role>()
  expect(user).toMatchObject({ email: 'ada@example.org', version: 1 })
  const found = await unwrap(octavo.users[':id'].$get({ param: { id: user.id } }))
  expect(found).toEqual(user)
  const { items, next_cursor: next } = await unwrap(octavo.users.$get({ query: { limit: '1' } }))
  expectTypeOf(next).toEqualTypeOf<string | null>()
  expect(items.map(({ id }) => id)).toEqual([tenant.admin.id])
  const me = await unwrap(octavo.users.me.$get())
  expectTypeOf(me.is_operator).toEqualTypeOf<boolean>()
  expect(me.id).toBe(tenant.admin.id)
})

test('a reply without a body is null', async () => {
  const { octavo } = await setupClient()
  const json = { name: 'scanner', role: 'viewer' as const }
  const { id, key } = await unwrap(octavo.keys.$post({ json }))
  expectTypeOf(key).toEqualTypeOf<string | null>()
  const gone = await unwrap(octavo.keys[':id'].$delete({ param: { id } }))
  expectTypeOf(gone).toEqualTypeOf<null>()
  expect(gone).toBeNull()
})

test('a file is uploaded as it is, and downloaded as a reply that the caller reads', async () => {
  const { octavo } = await setupClient()
  const receipt = await unwrap(
    octavo.documents.$post(
      { query: { filename: 'notes.txt' }, header: {} },
      { init: { body: 'Notes of a meeting.' } },
    ),
  )
  if ('items' in receipt) throw new Error('one file gives one document')
  expectTypeOf(receipt.job_id).toEqualTypeOf<string>()
  const param = { id: receipt.id }
  const file = await unwrap(octavo.documents[':id'].content.$get({ param }))
  expect(await file.text()).toBe('Notes of a meeting.')
})

test('a worker leases and completes a job, each with its types', async () => {
  const { octavo } = await setupClient()
  const { jobs } = octavo
  const { id } = await unwrap(jobs.$post({ json: { kind: 'reports.render' } }))
  const ask = { kinds: ['reports.render'], worker: 'typed' }
  const leased = await unwrap(jobs.lease.$post({ json: ask }))
  expectTypeOf(leased.jobs).toExtend<{ lease_token: string; attempt: number }[]>()
  expect(leased.jobs.map((job) => job.id)).toEqual([id])
  const json = { lease_token: leased.jobs[0]?.lease_token ?? '', result: { pages: 2 } }
  const ended = await unwrap(jobs[':id'].complete.$post({ param: { id }, json }))
  expect(ended).toMatchObject({ status: 'completed', result: { pages: 2 } })
  const lost = await problemOf(unwrap(jobs[':id'].complete.$post({ param: { id }, json })))
  expect(lost).toMatchObject({ status: 409, code: 'lease_lost' })
})

test('a refusal is thrown with its code, its faults and its request id', async () => {
  const { octavo } = await setupClient()
  const json = { email: 'none', display_name: 'Ada', role: 'editor' as const }
  const headers = { 'x-request-id': 'request-of-mine' }
  const problem = await problemOf(unwrap(octavo.users.$post({ json }, { headers })))
  expectTypeOf(problem.code).toExtend<string>()
  expect(problem).toMatchObject({
    status: 422,
    code: 'invalid',
    requestId: 'request-of-mine',
    retryAfterSeconds: null,
    errors: [{ in: 'body', pointer: '/email' }],
  })
  const param = { id: uuidv7() }
  const missing = await problemOf(unwrap(octavo.users[':id'].$get({ param })))
  expect(missing).toMatchObject({ status: 404, code: 'not_found', errors: [] })
})

test('without a key only what is public answers', async () => {
  const { app } = await setupClient()
  const send: typeof fetch = async (input, init) => app.fetch(new Request(input, init))
  const octavo = createClient({ baseUrl, fetch: send })
  expect(await problemOf(unwrap(octavo.users.me.$get()))).toMatchObject({ code: 'unauthorized' })
})

test('a refusal tells how long to wait, and a page of some proxy is a problem too', async () => {
  const page: typeof fetch = async () =>
    new Response('<html>busy</html>', { status: 503, headers: { 'retry-after': '7' } })
  const octavo = createClient({ baseUrl, fetch: page })
  expect(await problemOf(unwrap(octavo.health.$get()))).toMatchObject({
    status: 503,
    code: 'unknown',
    requestId: null,
    retryAfterSeconds: 7,
  })
})

test('a server that never answers is given up in time', async () => {
  const silent: typeof fetch = (_input, init) =>
    new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
    })
  const octavo = createClient({ baseUrl, timeoutMs: 5, fetch: silent })
  await expect(octavo.health.$get()).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('sending a file may take longer than a reply may', async () => {
  const slow: typeof fetch = (_input, init) =>
    new Promise((resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))
      setTimeout(resolve, 30, new Response(null, { status: 202 }))
    })
  const octavo = createClient({ baseUrl, timeoutMs: 5, fetch: slow })
  const upload = octavo.documents.$post(
    { query: {}, header: {} },
    { init: { body: new Blob(['x']) } },
  )
  expect((await upload).status).toBe(202)
})

test('the compiler refuses what the server would', () => {
  const { users, keys } = createClient({ baseUrl })
  type Create = Parameters<typeof users.$post>[0]
  expectTypeOf<{
    json: { email: string; display_name: string; role: 'owner' }
  }>().not.toExtend<Create>()
  expectTypeOf<{ json: { email: string } }>().not.toExtend<Create>()
  type Rotate = Parameters<(typeof keys)[':id']['rotate']['$post']>[0]
  expectTypeOf<{ param: { id: string }; json: Record<never, never> }>().toExtend<Rotate>()
  expectTypeOf<{ json: Record<never, never> }>().not.toExtend<Rotate>()
  expectTypeOf(users).not.toHaveProperty('$delete')
})

test('every function has its client, with the reply of its main route', () => {
  type Body<Call extends (...args: never[]) => Promise<unknown>> = BodyOf<Awaited<ReturnType<Call>>>
  const { documents, users, keys, search, jobs, schedules, logs, health } = createClient({
    baseUrl,
  })
  expectTypeOf<Body<typeof documents.$get>>().toExtend<{ items: { status: string }[] }>()
  expectTypeOf<Body<typeof users.$get>>().toExtend<{ next_cursor: string | null }>()
  expectTypeOf<Body<typeof keys.$get>>().toExtend<{ items: { revoked_at: string | null }[] }>()
  expectTypeOf<Body<typeof search.$get>>().toExtend<{
    items: { type: 'page' | 'message' | 'artifact' | 'place' | 'conference'; snippet: string }[]
  }>()
  expectTypeOf<Body<typeof jobs.$get>>().toExtend<{ items: { status: string }[] }>()
  expectTypeOf<Body<typeof schedules.$get>>().toExtend<{ items: { next_at: string | null }[] }>()
  expectTypeOf<Body<typeof logs.$get>>().toExtend<{ items: { message: string }[] }>()
  expectTypeOf<Body<typeof health.$get>>().toExtend<{ status: 'ok' | 'degraded' | 'down' }>()
  expectTypeOf<Body<typeof users.$get>>().not.toExtend<{ next_cursor: number }>()
})
