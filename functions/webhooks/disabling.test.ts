import { eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { auditLog, webhookEndpoints } from '../../db/schema/index.ts'
import { answering, startReceiver } from '../../test/fixtures/receiver.ts'
import { type Delivery, webhookWorld } from '../../test/fixtures/webhooks.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

const fiveDaysMs = 5 * 24 * 3_600_000

test('a receiver that answers 410 is asked no more, with an entry that says so', async () => {
  const { db, tenant, create, publish, delivered, startWorker, read, logLines } =
    await webhookWorld()
  const { url, received } = await startReceiver(answering(500, 410))
  const { id } = await create(url)
  await publish()
  startWorker()
  await delivered(id, 'failed', 2)
  expect(await read(id)).toMatchObject({ enabled: false, disabled_reason: 'gone' })
  // The operator is told of that, and not of every answer that a tenant's receiver gives.
  const warnings = logLines.filter(({ level }) => level !== 'info')
  expect(warnings.map(({ message }) => message)).toEqual(['A webhook was disabled'])
  await publish()
  const entries = await db.select().from(auditLog).where(eq(auditLog.tenantId, tenant.id))
  expect(entries.at(-1)).toMatchObject({
    ...{ action: 'webhook.disabled', subjectId: id, actorUserId: null, detail: { reason: 'gone' } },
  })
  expect(received).toHaveLength(2)
})

test('a webhook that has failed for five days is disabled, and what was on its way has failed', async () => {
  const world = await webhookWorld()
  const { db, tenant, create, publish, deliveries, startWorker, read } = world
  const { url, received } = await startReceiver(answering(500))
  const { id } = await create(url)
  await publish()
  await publish()
  const failingSince = new Date(Date.now() - fiveDaysMs)
  const ofTenant = eq(webhookEndpoints.tenantId, tenant.id)
  await db.update(webhookEndpoints).set({ failingSince }).where(ofTenant)
  startWorker({ waitsMs: [0] })
  const failed = await eventually('both have failed', async () => {
    const found = await deliveries(id)
    return found.every(({ state }) => state === 'failed') && found
  })
  expect(await read(id)).toMatchObject({ enabled: false, disabled_reason: 'failing' })
  const errors = failed.flatMap(({ attempts }) => attempts.map(({ error }) => error))
  expect(errors.every((error) => error === 'status' || error === 'disabled')).toBe(true)
  expect(received.length).toBeLessThanOrEqual(2)
})

test('a test event goes to one webhook alone, also when it is disabled', async () => {
  const { create, delivered, startWorker, post } = await webhookWorld()
  const [{ url, received }, other] = await Promise.all([startReceiver(), startReceiver()])
  const { id } = await create(url, { types: ['batch.completed'], enabled: false })
  await create(other.url)
  const reply = await post(`/${id}/test`)
  expect(reply.status).toBe(202)
  const { id: deliveryId } = await bodyOf<Delivery>(reply)
  expect(reply.headers.get('location')).toBe(`/v1/webhooks/deliveries/${deliveryId}`)
  startWorker()
  await delivered(id, 'delivered')
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({
    ...{ type: 'webhook.test', data: { id, urls: { self: `/v1/webhooks/${id}` } } },
  })
  expect(other.received).toEqual([])
})
