import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documents, jobHistory } from '../../db/schema/index.ts'
import { removeDocument } from '../../domain/documents/removal.ts'
import { cutOff } from '../../test/fixtures/cut-off.ts'
import {
  type PlaceSuggestion,
  placeSuggesting,
  suggestionKind,
} from '../../test/fixtures/place-suggesting.ts'
import { addPlace } from '../../test/fixtures/places.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import type { JobKinds } from '../_shared/ports/jobs.ts'
import { createApp } from './index.ts'

/** Two documents with the same two places. */
async function twoDocuments() {
  const world = await placeSuggesting()
  for (const name of ['Paris', 'Oslo']) await world.place(name)
  const ids = [await world.document('Paris, Oslo'), await world.document('Oslo, Paris')]
  const all = async () => (await world.list('limit=100')).map(({ id }) => id)
  return { ...world, ids, all }
}

/** A signal at whose n-th look the process dies. */
const dyingAt = (looksMax: number): AbortSignal => {
  let looks = 0
  return new Proxy(AbortSignal.timeout(60_000), {
    get: (target, name) =>
      name === 'throwIfAborted'
        ? () => {
            looks += 1
            if (looks > looksMax) throw new Error('killed')
          }
        : Reflect.get(target, name),
  })
}

test('a job that dies wherever it is leaves whole documents, and is done again without duplicates', async () => {
  const { run, ids, all } = await twoDocuments()
  const counts: number[] = []
  for (let looks = 0; looks < 12; looks += 1) {
    const death = await run(ids, null, { signal: dyingAt(looks) }).catch(() => null)
    counts.push((await all()).length)
    if (death) break
  }
  expect(new Set(counts)).toEqual(new Set([0, 2, 4]))
  const before = await all()
  await run(ids)
  expect(await all()).toEqual(before)
})

test('jobs for the same documents at once leave each suggestion once', async () => {
  const { run, ids, all } = await twoDocuments()
  await Promise.all([run(ids), run(ids.toReversed()), run(ids[0] ?? ''), run(ids)])
  expect(await all()).toHaveLength(4)
})

test('a document that is deleted while it is read is skipped, and leaves nothing', async () => {
  const { run, ids, all, db, tenant } = await twoDocuments()
  const [first = ''] = ids
  const removal = { tenantId: tenant.id, documentId: first, requestId: null, versions: null }
  const transaction = async (work: never) => {
    await db.transaction((tx) => removeDocument(tx, removal))
    return db.transaction(work)
  }
  const through = new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
  })
  expect(await run(first, null, { db: through })).toMatchObject({ documents: 0, skipped: 1 })
  expect(await all()).toEqual([])
})

test('a place that is deleted while the text is read is not suggested', async () => {
  const { run, ids, list, db, tenant } = await twoDocuments()
  const transaction = async (work: never) => {
    await db.execute(sql`delete from places where tenant_id = ${tenant.id} and name = 'Paris'`)
    return db.transaction(work)
  }
  const through = new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
  })
  expect(await run(ids[0] ?? '', null, { db: through })).toMatchObject({ open: 1 })
  expect(await list('')).toMatchObject([{ place: { name: 'Oslo' } }])
})

test('a text that changes while it is read is read again', async () => {
  const { run, ids, list, db, tenant } = await twoDocuments()
  const [first = ''] = ids
  let changes = 0
  const transaction = async (work: never) => {
    if (changes === 0)
      await db.execute(sql`
        with page as (update document_pages set text = 'Oslo'
          where tenant_id = ${tenant.id} and document_id = ${first})
        update documents set job_id = gen_random_uuid() where tenant_id = ${tenant.id} and id = ${first}`)
    changes += 1
    return db.transaction(work)
  }
  const through = new Proxy(db, {
    get: (target, name) => (name === 'transaction' ? transaction : Reflect.get(target, name)),
  })
  expect(await run(first, null, { db: through })).toMatchObject({ open: 1 })
  expect(changes).toBe(2)
  expect(await list('')).toMatchObject([{ place: { name: 'Oslo' } }])
})

test('an acceptance that was cut off half-way left nothing, and comes in whole the next time', async () => {
  const { run, ids, list, decide, db, links, get } = await twoDocuments()
  await run(ids)
  const [{ id = '' } = {}] = await list('')
  const reply = await cutOff(db, 'place_documents', async () => decide(id, 'accepted'))
  expect(reply.status).toBe(503)
  expect(await links()).toEqual([])
  const read = await bodyOf<PlaceSuggestion>(await get(`/suggestions/${id}`))
  expect(read).toMatchObject({ state: 'open', version: 1 })
  expect((await decide(id, 'accepted')).status).toBe(200)
  expect(await links()).toHaveLength(1)
})

test('a worker reads what was asked for, and tells how far it is', async () => {
  const handlers: JobKinds = { 'places.suggest': { ...suggestionKind, isolation: 'shared' } }
  const { db, tenant, post, get } = await startWorker({ createApp, handlers })
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  await addPlace(db, { ...owner, name: 'Paris' })
  const { id } = await addDocument(db, { ...owner, pages: ['Paris', 'Paris'] })
  const asked = await post('/suggestions', { document_id: id })
  const { job_id: jobId } = await bodyOf<{ job_id: string }>(asked)
  const done = await eventually('the job has ended', async () => {
    const [row] = await db
      .select()
      .from(jobHistory)
      .where(and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.id, jobId)))
    return row
  })
  expect(done).toMatchObject({ status: 'completed', progressDone: 2, progressTotal: 2 })
  expect(done.result).toEqual({ documents: 1, skipped: 0, open: 1, is_shortened: false })
  const found = await bodyOf<{ items: unknown[] }>(await get(`/suggestions?document_id=${id}`))
  expect(found.items).toHaveLength(1)
})

test('a document that is still processed is waited for', async () => {
  const { document, post, db, tenant } = await placeSuggesting()
  const id = await document('Paris')
  const mine = and(eq(documents.tenantId, tenant.id), eq(documents.id, id))
  const [row] = await db.select({ jobId: documents.jobId }).from(documents).where(mine)
  await db.update(documents).set({ status: 'processing' }).where(mine)
  await db.execute(sql`
    insert into jobs (tenant_id, id, kind, subject_id, run_at, status)
    values (${tenant.id}, ${row?.jobId}, 'documents.extract', ${id}, now(), 'queued')`)
  const { job_id: jobId } = await bodyOf<{ job_id: string }>(
    await post('/suggestions', { document_id: id }),
  )
  const [job] = await db.execute(sql`
    select status, dependencies_open as open from jobs
    where tenant_id = ${tenant.id} and id = ${jobId}`)
  expect(job).toEqual({ status: 'waiting', open: 1 })
})

test('a job that is told to stop goes no further than the page that it reads', async () => {
  const { run, ids, all } = await twoDocuments()
  const stop = new AbortController()
  const told = () => stop.abort(new Error('cancelled'))
  const running = run(ids, null, { signal: stop.signal, progress: told })
  await expect(running).rejects.toThrow('cancelled')
  expect((await all()).length).toBeLessThan(4)
})
