import { and, eq, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { jobs, webhookDeliveries, webhookEndpoints, webhookEvents } from '../../db/schema/index.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { publishChange } from './publish.ts'

async function world() {
  const { db } = await openTestDatabase()
  const { id: tenantId } = await createTenant(db)
  const endpoint = async (types: string[], values: object = {}) => {
    const id = uuidv7()
    const secretSealed = new Uint8Array(1)
    const by = { secretSealed, updatedByUserId: id, ...values }
    await db
      .insert(webhookEndpoints)
      .values({ tenantId, id, url: 'https://example.com/', types, ...by })
    return id
  }
  const subjectId = uuidv7()
  const change = { tenantId, type: 'document.failed', subjectId } as const
  const publish = () =>
    db.transaction((tx) => publishChange(tx, { ...change, data: { failure_code: 'damaged' } }))
  const written = async () => ({
    events: await db.select().from(webhookEvents).where(eq(webhookEvents.tenantId, tenantId)),
    deliveries: await db
      .select()
      .from(webhookDeliveries)
      .where(eq(webhookDeliveries.tenantId, tenantId)),
    jobs: await db
      .select()
      .from(jobs)
      .where(and(eq(jobs.tenantId, tenantId), eq(jobs.kind, 'webhooks.deliver'))),
  })
  return { db, tenantId, subjectId, change, endpoint, publish, written }
}

test('a change is one event, with a delivery and its job for each endpoint that asked for it', async () => {
  const { endpoint, publish, written, subjectId } = await world()
  const asked = [await endpoint(['document.failed', 'document.deleted']), await endpoint(['*'])]
  await endpoint(['document.deleted'])
  await endpoint(['*'], { disabledReason: 'asked', disabledAt: new Date() })
  await publish()
  const { events, deliveries, jobs } = await written()
  expect(events).toMatchObject([
    { type: 'document.failed', subjectId, data: { failure_code: 'damaged' } },
  ])
  expect(deliveries.map(({ endpointId }) => endpointId).sort()).toEqual(asked.sort())
  expect(new Set(deliveries.map(({ eventId }) => eventId))).toEqual(new Set([events[0]?.id]))
  const pairs = deliveries.map(({ id, jobId }) => [id, jobId]).sort()
  expect(jobs.map(({ id, subjectId }) => [subjectId, id]).sort()).toEqual(pairs)
  expect(jobs.map(({ status, attemptsMax }) => [status, attemptsMax])).toEqual([
    ['queued', 10],
    ['queued', 10],
  ])
})

test('nothing is written for a tenant without an endpoint, nor for the endpoint of another', async () => {
  const [{ publish, written }, other] = await Promise.all([world(), world()])
  await other.endpoint(['*'])
  await publish()
  expect(await written()).toEqual({ events: [], deliveries: [], jobs: [] })
  expect((await other.written()).events).toEqual([])
})

test('a change that is rolled back tells nobody', async () => {
  const { db, endpoint, change, written } = await world()
  await endpoint(['*'])
  const rolledBack = db.transaction(async (tx) => {
    await publishChange(tx, { ...change, data: { failure_code: 'damaged' } })
    throw new Error('taken back')
  })
  await expect(rolledBack).rejects.toThrow('taken back')
  expect(await written()).toEqual({ events: [], deliveries: [], jobs: [] })
})

test('a receiver that fails is told behind those that do not', async () => {
  const { endpoint, publish, written } = await world()
  await endpoint(['*'], { failingSince: new Date() })
  await endpoint(['*'])
  await publish()
  const { jobs } = await written()
  expect(jobs.map(({ priority }) => priority).sort()).toEqual([-1, 0])
})

test('an endpoint that is deleted meanwhile does not fail the change', async () => {
  const { db, tenantId, endpoint, publish, written } = await world()
  const id = await endpoint(['*'])
  const deleted = Promise.withResolvers<void>()
  const commit = Promise.withResolvers<void>()
  const deletion = db.transaction(async (tx) => {
    await tx.execute(
      sql`delete from webhook_endpoints where tenant_id = ${tenantId} and id = ${id}`,
    )
    deleted.resolve()
    await commit.promise
  })
  await deleted.promise
  const published = publish()
  await eventually('the change waits for the deletion', async () => {
    const [row] = await db.execute(sql`select count(*)::int as count from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`)
    return row?.count === 1
  })
  commit.resolve()
  await Promise.all([deletion, published])
  expect(await written()).toEqual({ events: [], deliveries: [], jobs: [] })
})
