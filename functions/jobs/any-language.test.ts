import { rm } from 'node:fs/promises'
import { request as send } from 'node:http'
import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import { expect, onTestFinished, test } from 'vitest'
import { jobs } from '../../db/schema/index.ts'
import { FunctionServer } from '../../local-runtime/isolate/server.ts'
import { tendQueue } from '../../local-runtime/worker/tending.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { kind, type Leased, setupJobs } from '../../test/harness/jobs-over-http.ts'
import { temporaryFolder } from '../../test/harness/temporary-folder.ts'

type Answer = { status: number; body: Record<string, unknown> }

/** The function at a socket of its own, as an isolate hosts it. */
async function setupServer() {
  const bench = await setupJobs()
  const folder = await temporaryFolder()
  const socketPath = join(folder, 'jobs.sock')
  const deadlines = { replyMs: 15_000, bodyMs: 15_000 }
  const fetch = (request: Request) => bench.app.fetch(request)
  const server = new FunctionServer({ fetch, log: bench.deps.log, deadlines })
  await server.listen({ path: socketPath })
  onTestFinished(async () => {
    await server.drain(1_000)
    await rm(folder, { recursive: true })
  })
  const headers = {
    authorization: `Bearer ${bench.tenant.keys.worker}`,
    'content-type': 'application/json',
    connection: 'close',
  }
  /** A request of a program that knows HTTP and JSON, and nothing of Octavo's code. */
  const call = (path: string, body: object, signal?: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { socketPath, path, method: 'POST', headers, ...(signal && { signal }) }
      const outgoing = send(options, async (incoming) => {
        let text = ''
        for await (const chunk of incoming) text += chunk
        resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(text) })
      })
      outgoing.once('error', reject).end(JSON.stringify(body))
    })
  const lease = async (more: object = {}) => {
    const { body } = await call('/v1/jobs/lease', { kinds: [kind], worker: 'little', ...more })
    return body.jobs as Leased[]
  }
  return { ...bench, call, lease, server }
}

test('a worker that knows nothing but HTTP works off a queue, and takes over from one that died', async () => {
  const { db, deps, tenant, enqueue, call, lease, read } = await setupServer()
  const numbers = [1, 2, 3, 4]
  const made = await Promise.all(numbers.map((n) => enqueue({ payload: { n }, attempts_max: 2 })))
  const [dead] = await lease({ worker: 'died', lease_ms: 1_000 })
  if (!dead) throw new Error('nothing was leased')
  // It never says another word; the worker of the host takes its lease back when it has run out.
  await eventually('its lease is taken back', async () => {
    await tendQueue(db, deps.log)
    return (await read(dead.id)).status === 'queued'
  })

  for (let done = 0; done < numbers.length; ) {
    for (const job of await lease({ limit: 2, wait_ms: 5_000 })) {
      const { id, lease_token, payload } = job
      const progress = { done: 1, total: 1 }
      const beat = await call(`/v1/jobs/${id}/heartbeat`, { lease_token, progress })
      expect(beat).toMatchObject({ status: 200, body: { cancel_requested: false } })
      const result = { doubled: Number(payload.n) * 2 }
      const end = await call(`/v1/jobs/${id}/complete`, { lease_token, result })
      expect(end).toMatchObject({ status: 200, body: { status: 'completed', result } })
      done += 1
    }
  }

  const { id, lease_token } = dead
  const late = await call(`/v1/jobs/${id}/complete`, { lease_token, result: { doubled: -1 } })
  expect(late).toMatchObject({ status: 409, body: { code: 'lease_lost' } })
  const ended = await Promise.all(made.map((job) => read(job.id)))
  expect(ended.map(({ result }) => result)).toEqual(numbers.map((n) => ({ doubled: n * 2 })))
  expect(await read(dead.id)).toMatchObject({ attempts: 2, errors: [{ code: 'lease_lost' }] })
  expect(await db.$count(jobs, eq(jobs.tenantId, tenant.id))).toBe(0)
})

test('a worker whose connection breaks while it waits leaves its place and gets no job', async () => {
  const { call, lease, enqueue, read, server, logLines } = await setupServer()
  const gone = new AbortController()
  const body = { kinds: [kind], worker: 'gone', wait_ms: 20_000 }
  const broken = call('/v1/jobs/lease', body, gone.signal).catch((err: unknown) => err)
  await eventually('it waits', async () => server.inFlight === 1)
  gone.abort()
  expect(await broken).toBeInstanceOf(Error)
  const { id } = await enqueue()
  await eventually('its request ends', async () =>
    logLines.some(({ fields }) => fields.operation === 'leaseJobs'),
  )
  expect(await read(id)).toMatchObject({ status: 'queued', attempts: 0 })
  expect((await lease()).map((job) => job.id)).toEqual([id])
})
