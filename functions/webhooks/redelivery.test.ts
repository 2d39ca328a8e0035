import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { jobs } from '../../db/schema/index.ts'
import { cancelJob } from '../../domain/jobs/queue.ts'
import { answering, startReceiver } from '../../test/fixtures/receiver.ts'
import { webhookWorld } from '../../test/fixtures/webhooks.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'

test('after ten attempts it has failed, and can be delivered once more', async () => {
  const { create, publish, delivered, startWorker, post } = await webhookWorld()
  const { url, received } = await startReceiver(answering(...Array(10).fill(500), 200))
  const { id } = await create(url)
  await publish()
  startWorker({ waitsMs: [0] })
  const failed = await delivered(id, 'failed', 10)
  expect(failed.next_attempt_at).toBeNull()
  expect((await post(`/deliveries/${failed.id}/redeliver`)).status).toBe(202)
  const { attempts } = await delivered(id, 'delivered', 11)
  expect(attempts.at(-1)).toMatchObject({ number: 11, status_code: 200 })
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
})

test('one that waits for hours is delivered at once when somebody asks for it, once', async () => {
  const { create, publish, delivered, startWorker, post } = await webhookWorld()
  const { url, received } = await startReceiver(answering(500, 200))
  const { id } = await create(url)
  await publish()
  startWorker({ waitsMs: [3_600_000] })
  const waiting = await delivered(id, 'pending')
  const again = () => post(`/deliveries/${waiting.id}/redeliver`)
  const replies = await Promise.all([again(), again()])
  expect(replies.map(({ status }) => status).sort()).toEqual([202, 409])
  await delivered(id, 'delivered', 2)
  expect(received).toHaveLength(2)
})

test('an attempt that is overtaken by a redelivery writes nothing', async () => {
  const { create, publish, deliveries, delivered, startWorker, post } = await webhookWorld()
  const held: (() => void)[] = []
  const { url, received } = await startReceiver((response) => {
    held.push(() => response.end())
    if (held.length === 2) for (const end of held) end()
  })
  const { id } = await create(url)
  await publish()
  startWorker()
  const [delivery] = await eventually('the first is under way', async () =>
    received.length === 1 ? deliveries(id) : null,
  )
  expect((await post(`/deliveries/${delivery?.id}/redeliver`)).status).toBe(202)
  const { attempts } = await delivered(id, 'delivered')
  expect(received).toHaveLength(2)
  expect(attempts).toMatchObject([{ number: 1, status_code: 200 }])
})

test('all that has failed since a time is delivered once more, and nothing else', async () => {
  const { create, publish, deliveries, startWorker, post } = await webhookWorld()
  const { url, received } = await startReceiver(answering(200, ...Array(20).fill(500), 200))
  const { id } = await create(url)
  const states = () =>
    deliveries(id).then((found) =>
      found
        .map(({ state }) => state)
        .sort()
        .join(' '),
    )
  const become = (wanted: string) => eventually(wanted, async () => (await states()) === wanted)
  startWorker({ waitsMs: [0] })
  await publish()
  await become('delivered')
  await Promise.all([publish(), publish()])
  await become('delivered failed failed')
  const redeliver = async (since: Date) => {
    const reply = await post(`/${id}/redeliver`, { since: since.toISOString() })
    expect(reply.status).toBe(202)
    return bodyOf<{ count: number; more: boolean }>(reply)
  }
  expect(await redeliver(new Date(Date.now() + 60_000))).toEqual({ count: 0, more: false })
  const both = await Promise.all([redeliver(new Date(0)), redeliver(new Date(0))])
  expect(both.map(({ count }) => count).sort()).toEqual([0, 2])
  await become('delivered delivered delivered')
  expect(received).toHaveLength(23)
})

test('a delivery whose job was cancelled has failed, and can be delivered once more', async () => {
  const { db, tenant, create, publish, delivered, deliveries, startWorker, post } =
    await webhookWorld()
  const { url } = await startReceiver()
  const { id } = await create(url)
  await publish()
  const [job] = await db
    .select({ id: jobs.id })
    .from(jobs)
    .where(and(eq(jobs.tenantId, tenant.id), eq(jobs.kind, 'webhooks.deliver')))
  await db.transaction((tx) => cancelJob(tx, { tenantId: tenant.id, id: job?.id ?? '' }))
  expect(await deliveries(id)).toMatchObject([{ state: 'failed', next_attempt_at: null }])
  expect(await bodyOf(await post(`/${id}/redeliver`, { since: '2020-01-01T00:00:00Z' }))).toEqual({
    count: 1,
    more: false,
  })
  startWorker()
  await delivered(id, 'delivered')
})
