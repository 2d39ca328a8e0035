import { expect, test } from 'vitest'
import { reviewing } from '../../test/fixtures/reviewing.ts'

test('the next item is locked for who takes it, as the queue shows', async () => {
  const { annotate, next, queue, tenant, clock } = await reviewing()
  const id = await annotate({ confidence: 0.1 })
  await annotate({ confidence: 0.9 })
  const item = await next({ lease_seconds: 60 })
  const lockedUntil = new Date(clock.now().getTime() + 60_000).toISOString()
  expect(item?.annotation.id).toBe(id)
  expect(item?.lock).toEqual({ user_id: tenant.admin.id, locked_until: lockedUntil })
  expect((await queue()).items[0]?.lock).toEqual(item?.lock)
})

test('who asks again gets what they have, until it is judged or they decline it', async () => {
  const { annotate, next, judge } = await reviewing()
  const [first, second] = [await annotate({ confidence: 0.1 }), await annotate({ confidence: 0.2 })]
  const nextId = async (fields = {}) => (await next(fields))?.annotation.id ?? null
  expect([await nextId(), await nextId()]).toEqual([first, first])
  expect(await nextId({ except: [first] })).toBe(second)
  await judge(first, 'valid')
  expect(await nextId()).toBe(second)
  await judge(second, 'invalid')
  expect(await nextId()).toBeNull()
})

test('what one has already comes only when it is what one asks for', async () => {
  const { annotate, next, change, clock } = await reviewing()
  const total = await annotate({ confidence: 0.1 })
  const sum = await annotate({ labelName: 'sum', confidence: 0.2 })
  expect((await next())?.annotation.id).toBe(total)
  expect((await next({ label_name: 'sum' }))?.annotation.id).toBe(sum)
  await change(sum, { deletedAt: clock.now() })
  expect((await next())?.annotation.id).toBe(total)
})

test('what somebody else is working on is passed over until their lock ends', async () => {
  const { annotate, next, editor, clock } = await reviewing()
  const [first, second] = [await annotate({ confidence: 0.1 }), await annotate({ confidence: 0.2 })]
  const { auth } = await editor()
  expect((await next())?.annotation.id).toBe(first)
  expect((await next({}, auth))?.annotation.id).toBe(second)
  expect(await next({ except: [second] }, auth)).toBeNull()
  clock.advance(300_000)
  expect((await next({ except: [second] }, auth))?.annotation.id).toBe(first)
})

test('reviewers who ask at once get different items, and none is left', async () => {
  const { annotate, next, editor } = await reviewing()
  const made: string[] = []
  for (let index = 0; index < 12; index += 1) made.push(await annotate({ confidence: 0.5 }))
  const reviewers = await Promise.all(made.map(() => editor()))
  for (let round = 0; round < 3; round += 1) {
    const items = await Promise.all(reviewers.map(({ auth }) => next({}, auth)))
    expect(items.map((item) => item?.annotation.id).sort()).toEqual(made)
  }
  expect(await next()).toBeNull()
})

test('one does not get what one has marked oneself, when one says so', async () => {
  const { annotate, next, editor } = await reviewing()
  await annotate()
  const imported = await annotate({ source: 'import' })
  expect((await next({ not_by: 'me' }))?.annotation.id).toBe(imported)
  const { auth } = await editor()
  expect((await next({ not_by: 'me' }, auth))?.annotation.id).not.toBe(imported)
})

test('an item is taken by editors alone, and once for an Idempotency-Key', async () => {
  const { annotate, post, next, editor } = await reviewing()
  const [first] = [await annotate({ confidence: 0.1 }), await annotate({ confidence: 0.2 })]
  expect((await post('/next', {}, { as: 'viewer' })).status).toBe(403)
  const headers = { 'idempotency-key': 'one' }
  expect((await next({}, headers))?.annotation.id).toBe(first)
  expect((await next({}, headers))?.annotation.id).toBe(first)
  const { auth } = await editor()
  expect((await next({}, auth))?.annotation.id).not.toBe(first)
})

test.each([{ lease_seconds: 5 }, { max_confidence: 2 }, { not_by: 'you' }, { except: ['no id'] }])(
  '%j is a 422',
  async (fields) => {
    const { post } = await reviewing()
    expect((await post('/next', fields)).status).toBe(422)
  },
)
