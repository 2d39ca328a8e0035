import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { artifacts, jobs } from '../../db/schema/index.ts'
import { artifactWorld, textOf, type Version } from '../../test/fixtures/artifacts.ts'
import { saying, startWorker } from '../../test/fixtures/generating.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const asked = { generate: { prompt: 'x' } }

test('a generation that has not begun is cancelled at once, without any worker', async () => {
  const { create, post, read } = await artifactWorld()
  const { id } = await create(asked)
  const reply = await post(`/${id}/versions/1/cancel`)
  expect(await bodyOf<Version>(reply)).toMatchObject({ status: 'cancelled' })
  expect((await read(id)).status).toBe('cancelled')
})

test('a version whose worker died in its last attempt fails, and keeps what it had', async () => {
  const world = await artifactWorld()
  const { create, version, read, content, db, tenant } = world
  const { id, latest } = await create(asked)
  const { provider } = saying(['some words ', 'wait'])
  const first = startWorker(world, provider)
  await eventually('words are stored', async () => (await version(id)).size_bytes === 11)
  // As a worker that was killed leaves it: its lease runs out, and nobody else has a try left.
  const lost = { leaseToken: crypto.randomUUID(), leaseExpiresAt: new Date(0), attempts: 5 }
  const mine = and(eq(jobs.tenantId, tenant.id), eq(jobs.id, latest.job_id ?? ''))
  await db.update(jobs).set(lost).where(mine)
  const ended = await eventually('the version has ended', async () => {
    const row = await version(id)
    return row.status !== 'streaming' && row
  })
  expect(ended).toMatchObject({ status: 'failed', failure: { code: 'lease_lost' }, size_bytes: 11 })
  expect((await read(id)).status).toBe('failed')
  expect(textOf(await content(id))).toBe('some words ')
  await first.drain()
})

test('the end of an earlier version leaves what the artifact shows of a later one', async () => {
  const world = await artifactWorld()
  const { create, post, read, version } = world
  const { id } = await create({})
  expect((await post(`/${id}/versions`, { content: 'all' })).status).toBe(201)
  expect((await post(`/${id}/versions/1/cancel`)).status).toBe(202)
  expect((await version(id, 1)).status).toBe('cancelled')
  expect(await read(id)).toMatchObject({ status: 'completed', latest_number: 2 })
})

test('what an earlier version completes late is not indexed over a later one', async () => {
  const { create, post, append, db, tenant } = await artifactWorld()
  const { id } = await create({})
  await post(`/${id}/versions`, { content: 'later' })
  expect((await append(id, 'earlier', { offset: 0, complete: true })).status).toBe(200)
  const [row] = await db
    .select({ text: artifacts.text, number: artifacts.textNumber })
    .from(artifacts)
    .where(and(eq(artifacts.tenantId, tenant.id), eq(artifacts.id, id)))
  expect(row).toEqual({ text: 'later', number: 2 })
})
