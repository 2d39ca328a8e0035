import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { jobs } from '../../db/schema/index.ts'
import { recoverExpiredLeases } from '../../db/system.ts'
import { kind, setupJobs } from '../../test/harness/jobs-over-http.ts'
import { bodyOf } from '../../test/harness/requests.ts'

type Event = { id: string; type: string; data: Record<string, unknown>; created_at: string }

const fault = { code: 'printer_jam', message: 'The paper is stuck.', retry_ms: 0 }

async function withStory() {
  const bench = await setupJobs()
  const story = async (id: string) =>
    (await bodyOf<{ items: Event[] }>(await bench.get(`/v1/jobs/${id}/history?limit=100`))).items
  return { ...bench, story }
}

async function expire(db: Db, tenantId: string, id: string) {
  await db
    .update(jobs)
    .set({ leaseExpiresAt: sql`clock_timestamp() - interval '1 second'` })
    .where(and(eq(jobs.tenantId, tenantId), eq(jobs.id, id)))
  await recoverExpiredLeases(db, 1_000)
}

test('an event once told stays as it was, through retries, takeovers, the end and a redrive', async () => {
  const { post, db, tenant, enqueue, leaseOne, say, story } = await withStory()
  const { id } = await enqueue({ attempts_max: 3 })
  let told: Event[] = []
  const goesOn = async (...types: string[]) => {
    const now = await story(id)
    // What was told before is the beginning of what is told now, to the byte.
    expect(now.slice(0, told.length)).toEqual(told)
    expect(now.slice(told.length).map(({ type }) => type)).toEqual(types)
    expect(now.map((event) => event.id)).toEqual(now.map((event) => event.id).toSorted())
    told = now
  }
  await goesOn('enqueued')
  const first = await leaseOne()
  await goesOn('started')
  await say(first, 'heartbeat', { log: ['one', 'two'] })
  await goesOn('log', 'log')
  await say(first, 'fail', fault)
  await goesOn('retried')
  await leaseOne()
  await goesOn('started')
  await expire(db, tenant.id, id)
  await goesOn('lease_lost')
  await say(await leaseOne(), 'release')
  await goesOn('started', 'released')
  const last = await leaseOne()
  await post(`/v1/jobs/${id}/cancel`)
  await goesOn('started', 'cancel_requested')
  await say(last, 'fail', fault)
  await goesOn('cancelled')
  await post(`/v1/jobs/${id}/redrive`, {})
  await goesOn('redriven')
  await say(await leaseOne(), 'complete')
  await goesOn('started', 'completed')
})

const eventsOf = (text: string): Event[] =>
  [...text.matchAll(/^id: .+\nevent: run\ndata: (.+)$/gm)].map(
    ([, data]) => JSON.parse(data ?? '') as Event,
  )

test('a stream that is cut after any event goes on behind it, also when the job has ended since', async () => {
  const { get, enqueue, leaseOne, say, story } = await withStory()
  const { id } = await enqueue()
  await say(await leaseOne(), 'fail', fault)
  const open = await story(id)
  await say(await leaseOne(), 'complete')
  const whole = await story(id)
  expect(whole.slice(0, open.length)).toEqual(open)
  for (const [index, event] of whole.entries()) {
    const headers = { 'last-event-id': event.id }
    const rest = await (await get(`/v1/jobs/${id}/events`, { headers })).text()
    expect(eventsOf(rest)).toEqual(whole.slice(index + 1))
  }
})

test('a stream brings each event of a job over HTTP once, to its end', async () => {
  const { get, enqueue, leaseOne, say, story } = await withStory()
  const { id } = await enqueue()
  const text = get(`/v1/jobs/${id}/events`).then((response) => response.text())
  const job = await leaseOne()
  await say(job, 'heartbeat', { log: ['half way'] })
  await say(job, 'complete')
  expect(eventsOf(await text)).toEqual(await story(id))
})

test('history comes page by page, with what is read from the job among it', async () => {
  const { get, enqueue, leaseOne, say, story } = await withStory()
  const { id } = await enqueue({ kind })
  const job = await leaseOne()
  await say(job, 'heartbeat', { log: ['a', 'b', 'c'] })
  await say(job, 'complete')
  const paged: Event[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const query = `limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`
    const page = await get(`/v1/jobs/${id}/history?${query}`)
    const { items, next_cursor: next } = await bodyOf<{
      items: Event[]
      next_cursor: string | null
    }>(page)
    paged.push(...items)
    cursor = next
  }
  expect(paged.map(({ type }) => type)).toEqual([
    ...['enqueued', 'started', 'log', 'log', 'log', 'completed'],
  ])
  expect(paged).toEqual(await story(id))
})
