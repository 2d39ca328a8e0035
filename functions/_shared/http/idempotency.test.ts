import { expect, test } from 'vitest'
import { deleteExpiredIdempotencyKeys } from '../../../db/system.ts'
import { setup } from '../../../test/harness/setup.ts'
import { createWidgets } from './widgets.fixture.ts'

const widget = { name: 'a', size: 1 }
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

test('the same key and body replays the first reply, without what is shown once', async () => {
  const { post } = await setup(createWidgets())
  const first = await post('/', widget, keyed('k'))
  expect(await first.json()).toEqual({ stored: 1, key: 'shown once' })
  const second = await post('/', widget, keyed('k'))
  expect(second.status).toBe(201)
  expect(second.headers.get('idempotency-replayed')).toBe('true')
  expect(await second.json()).toMatchObject({ stored: 1, key: null, hint: expect.any(String) })
})

test('the same key with another body is refused and has no effect', async () => {
  const { post } = await setup(createWidgets())
  await post('/', widget, keyed('k'))
  const other = await post('/', { ...widget, size: 2 }, keyed('k'))
  expect(other.status).toBe(422)
  expect(await other.json()).toMatchObject({ code: 'idempotency_mismatch' })
  expect(await (await post('/', widget)).json()).toMatchObject({ stored: 2 })
})

test('of ten requests with one key at once exactly one has an effect', async () => {
  const { post } = await setup(createWidgets())
  const replies = await Promise.all(
    Array.from({ length: 10 }, () => post('/', widget, keyed('once'))),
  )
  const statuses = replies.map((reply) => reply.status)
  // Whoever comes before the first has committed gets 409, whoever comes after it the replay.
  expect(statuses.filter((status) => status !== 201 && status !== 409)).toEqual([])
  const firsts = replies.filter((r) => r.ok && !r.headers.has('idempotency-replayed'))
  expect(firsts).toHaveLength(1)
  expect(await (await post('/', widget)).json()).toMatchObject({ stored: 2 })
})

test('a mark whose request died expires after 30 s, and not before', async () => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>()
  let calls = 0
  const beforeReply = async () => {
    calls += 1
    start()
    if (calls === 1) await new Promise(() => undefined)
  }
  const { post, clock } = await setup(createWidgets({ beforeReply }), {
    config: { requestTimeoutMs: 100 },
  })
  const first = post('/', widget, keyed('k'))
  await started
  expect((await first).status).toBe(503)
  clock.advance(29_000)
  expect((await post('/', widget, keyed('k'))).status).toBe(409)
  clock.advance(2_000)
  expect((await post('/', widget, keyed('k'))).status).toBe(201)
})

test('a request that outlived its mark, but that nobody followed, still has its effect', async () => {
  const sweep = async () => {
    clock.advance(14 * 60_000) // as long as a large upload may take
    await deleteExpiredIdempotencyKeys(db, clock.now())
  }
  const { post, clock, db } = await setup(createWidgets({ beforeReply: () => sweep() }))
  expect((await post('/', widget, keyed('slow'))).status).toBe(201)
})

test('a request that outlived its mark is rolled back while its successor still runs', async () => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const started = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let calls = 0
  const beforeReply = () => {
    const gate = gates[calls]
    started[calls]?.resolve()
    calls += 1
    return gate?.promise ?? Promise.resolve()
  }
  const { post, clock } = await setup(createWidgets({ beforeReply }))
  const slow = post('/', widget, keyed('k'))
  await started[0]?.promise
  clock.advance(31_000)
  const successor = post('/', widget, keyed('k'))
  await started[1]?.promise
  gates[0]?.resolve()
  expect((await slow).status).toBe(409)
  gates[1]?.resolve()
  expect((await successor).status).toBe(201)
  expect(await (await post('/', widget)).json()).toMatchObject({ stored: 2 })
})

test("a handler's own refusal is replayed, an internal error may be tried again", async () => {
  const { post } = await setup(createWidgets())
  const refused = await post('/misbehave/conflict', undefined, keyed('a'))
  const again = await post('/misbehave/conflict', undefined, keyed('a'))
  expect([refused.status, again.status]).toEqual([409, 409])
  expect(again.headers.get('idempotency-replayed')).toBe('true')
  expect(await again.json()).toEqual(await refused.json())
  await post('/misbehave/throw', undefined, keyed('b'))
  const retried = await post('/misbehave/throw', undefined, keyed('b'))
  expect([retried.status, retried.headers.get('idempotency-replayed')]).toEqual([500, null])
})

test('a body that the route does not read still tells two requests apart', async () => {
  const { post } = await setup(createWidgets())
  await post('/misbehave/conflict', { a: 1 }, keyed('k'))
  const same = await post('/misbehave/conflict', { a: 1 }, keyed('k'))
  const other = await post('/misbehave/conflict', { a: 2 }, keyed('k'))
  expect([same.status, other.status]).toEqual([409, 422])
})

test('two tenants may use the same key', async () => {
  const { post, otherTenant } = await setup(createWidgets())
  await post('/', widget, keyed('k'))
  const other = await otherTenant.post('/', widget, keyed('k'))
  expect(other.headers.get('idempotency-replayed')).toBeNull()
})

test('a streamed body is compared by its digest', async () => {
  const { post } = await setup(createWidgets())
  const first = await post('/bytes', 'abc', keyed('k'))
  const same = await post('/bytes', 'abc', keyed('k'))
  const other = await post('/bytes', 'abd', keyed('k'))
  expect([first.status, same.status, other.status]).toEqual([201, 201, 422])
  expect(same.headers.get('idempotency-replayed')).toBe('true')
})

test('a stored reply is forgotten after 24 hours', async () => {
  const { post, clock } = await setup(createWidgets())
  await post('/', widget, keyed('k'))
  clock.advance(24 * 3_600_000 + 1)
  expect(await (await post('/', widget, keyed('k'))).json()).toMatchObject({ stored: 2 })
})
