import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { enqueueJob } from '../../domain/jobs/queue.ts'
import { type Agreement, agreeing } from '../../test/fixtures/agreeing.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { shortened } from './agreement.ts'
import { annotationsAtOnceMax } from './contract-agreement.ts'
import { jobs } from './jobs.ts'

test.each(['', 'document_ids=no', 'batch_id=no', 'document_id=%s&document_ids=%s', 'pages=true'])(
  'an agreement on "%s" is a 422',
  async (query) => {
    const { get, documentId } = await agreeing()
    const reply = await get(`/agreement?${query.replaceAll('%s', documentId)}`)
    expect(reply.status).toBe(422)
  },
)

test("a document that is not there, or is another tenant's, is a 404", async () => {
  const { get, post, documentId, otherTenant } = await agreeing()
  const nowhere = crypto.randomUUID()
  for (const query of [`document_id=${nowhere}`, `document_ids=${documentId},${nowhere}`])
    expect((await get(`/agreement?${query}`)).status).toBe(404)
  expect((await otherTenant.get(`/agreement?document_id=${documentId}`)).status).toBe(404)
  expect((await post('/agreement', { document_ids: [nowhere] })).status).toBe(404)
  expect((await post('/agreement', { document_ids: [documentId], batch_id: nowhere })).status).toBe(
    422,
  )
})

test('nobody agrees with nobody', async () => {
  const { agreement } = await agreeing()
  expect(await agreement('&pages=true')).toMatchObject({
    ...{ annotations: 0, pages_compared: 0, annotators: [], pairs: [], pages: [] },
    overall: { annotator_pairs: 0, kappa: null, mean_iou: null },
  })
})

test('more than is compared at once is a 422 that names the way, which is a job', async () => {
  const { get, post, db, tenant, documentId, ann, bob } = await agreeing()
  const fill = { tenantId: tenant.id, documentId, users: [ann.id, bob.id] }
  await fillPages(db, { ...fill, count: annotationsAtOnceMax + 1, perPage: 100 })
  const reply = await get(`/agreement?document_id=${documentId}`)
  expect(reply.status).toBe(422)
  expect((await bodyOf<{ hint: string }>(reply)).hint).toContain('POST /v1/review/agreement')
  const accepted = await post('/agreement', { document_ids: [documentId], pages: true })
  expect(accepted.status).toBe(202)
  const { job_id: id } = await bodyOf<{ job_id: string }>(accepted)
  expect(accepted.headers.get('location')).toBe(`/v1/jobs/${id}`)
  const result = await resultOf(db, tenant.id, id)
  expect(result).toMatchObject({ annotations: annotationsAtOnceMax + 1, pages_compared: 200 })
  expect(result.pages).toHaveLength(200)
})

test('so is a page that is too full for a request', async () => {
  const { get, db, tenant, documentId, ann, bob } = await agreeing()
  const fill = { tenantId: tenant.id, documentId, users: [ann.id, bob.id] }
  await fillPages(db, { ...fill, count: 640, perPage: 640 })
  expect((await get(`/agreement?document_id=${documentId}`)).status).toBe(422)
})

test('a job says what the request says', async () => {
  const { agreement, annotate, post, db, tenant, documentId, ann, bob } = await agreeing()
  await annotate({}, ann.id)
  await annotate({ labelName: 'sum' }, bob.id)
  const accepted = await post('/agreement', { document_ids: [documentId] })
  const { job_id: id } = await bodyOf<{ job_id: string }>(accepted)
  expect(await resultOf(db, tenant.id, id)).toEqual(await agreement())
})

test('a job for what is gone meanwhile fails for good', async () => {
  const { db, tenant } = await agreeing()
  const id = crypto.randomUUID()
  const payload = { document_ids: [crypto.randomUUID()], pages: false }
  const job = { tenantId: tenant.id, id, kind: 'review.agreement', payload }
  await db.transaction((tx) => enqueueJob(tx, job))
  await expect(resultOf(db, tenant.id, id)).rejects.toMatchObject({
    ...{ code: 'not_found', isFinal: true },
  })
})

type Fill = {
  tenantId: string
  documentId: string
  users: readonly string[]
  count: number
  perPage: number
}

/** Annotations on page after page, by one user after the other. */
const fillPages = (db: Db, { tenantId, documentId, users, count, perPage }: Fill) =>
  db.execute(sql`
    insert into annotations (tenant_id, id, document_id, page, x, y, width, height, label_name,
      created_by_user_id, updated_by_user_id)
    select ${tenantId}, gen_random_uuid(), ${documentId}, 1 + n / ${perPage}::int, 0, (n % 50) / 50.0, 0.5, 0.01,
      'total', u, u from generate_series(0, ${count - 1}::int) n,
      lateral (select (${`{${users.join(',')}}`}::uuid[])[1 + n % ${users.length}::int] as u) users`)

type Db = Awaited<ReturnType<typeof agreeing>>['db']

/** What the worker would store, of the payload that the job has. */
async function resultOf(db: Db, tenantId: string, id: string): Promise<Agreement> {
  const [row] = await db.execute<{ payload: object }>(
    sql`select payload from jobs where tenant_id = ${tenantId} and id = ${id}`,
  )
  const kind = jobs['review.agreement']
  if (!row || !kind || typeof kind === 'function') throw new Error('there is no such job')
  const context = { deps: { db }, job: { tenantId, payload: row.payload } }
  const signal = AbortSignal.timeout(60_000)
  const { result } = await kind.handler({ ...context, signal } as never)
  return result as Agreement
}

test('a result that a job cannot hold is cut where it is missed least, and says so', () => {
  const figures = { regions: 9, matched: 9, agreed: 9, kappa: 1, mean_iou: 1 }
  const label = (index: number) => ({
    ...{ label_name: `${index}`.padEnd(200, 'ü'), regions: index, agreed: 0, kappa: null },
  })
  const labels = Array.from({ length: 300 }, (_, index) => label(index))
  const annotator = { user_id: crypto.randomUUID(), source: 'human' as const }
  const pair = { first: annotator, second: annotator, pages: 1, ...figures, labels }
  const reply = {
    ...{ documents: 1, annotations: 1, pages_compared: 1, annotators: [], full_pages: [] },
    ...{ overall: { annotator_pairs: 1, ...figures, labels }, pages: [], is_shortened: false },
    pairs: Array.from({ length: 20 }, () => pair),
  }
  const small = { ...reply, pairs: [] }
  expect(shortened(small)).toEqual(small)
  const short = shortened(reply)
  expect(short).toMatchObject({ is_shortened: true, overall: { labels } })
  expect(short.pairs).toHaveLength(20)
  expect(short.pairs[0]?.labels).toEqual([])
  const many = {
    ...reply,
    overall: { ...reply.overall, labels: [...labels, ...labels, ...labels] },
  }
  expect(shortened(many).overall.labels).toHaveLength(100)
  expect(shortened(many).overall.labels[0]?.regions).toBe(299)
})
