import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { users } from '../../db/schema/index.ts'
import { newApp } from '../../functions/_shared/http/app.ts'
import { reply, route } from '../../functions/_shared/http/route.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import { bodyOf } from './requests.ts'
import { setup } from './setup.ts'

type Time = { time: string }

const readTime = route({
  method: 'get',
  path: '/time',
  operationId: 'readTime',
  role: 'viewer',
  summary: 'The time',
  replies: { 200: z.object({ time: z.string() }) },
})

const createApp = (deps: Deps) =>
  newApp(deps, { name: 'clock', summary: 'For this test' }).on(readTime, async () =>
    reply(200, { time: deps.now().toISOString() }),
  )

test('a route answers each role by its key, by a clock that only the test moves', async () => {
  const { get, clock } = await setup(createApp)
  const first = await get('/time', { as: 'viewer' })
  expect(first.status).toBe(200)
  clock.advance(1_000)
  const second = await get('/v1/clock/time')
  const times = [await bodyOf<Time>(first), await bodyOf<Time>(second)].map(({ time }) => time)
  expect(times).toEqual(['2026-11-20T08:00:00.000Z', '2026-11-20T08:00:01.000Z'])
  expect((await get('/time', { as: 'ingest' })).status).toBe(403)
  expect((await get('/time', { as: 'nobody' })).status).toBe(401)
})

test('two set-ups and the other tenant share nothing but the operator', async () => {
  const [one, two] = [await setup(createApp), await setup(createApp)]
  const ids = [one.tenant.id, one.otherTenant.id, two.tenant.id, two.otherTenant.id]
  expect(new Set(ids).size).toBe(4)
  expect(one.operator.id).toBe(two.operator.id)
  const rows = await one.db
    .select({ id: users.id })
    .from(users)
    .where(eq(users.tenantId, ids[0] ?? ''))
  expect(rows).toEqual([{ id: one.tenant.admin.id }])
  expect((await one.otherTenant.get('/time')).status).toBe(200)
})
