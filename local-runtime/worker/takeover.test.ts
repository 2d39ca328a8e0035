import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { and, asc, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db } from '../../db/client.ts'
import { documentPages, documents } from '../../db/schema/index.ts'
import { listRunEvents, type RunEventRow } from '../../domain/jobs/events.ts'
import { longPdf } from '../../test/fixtures/pdf.ts'
import { type StoredDocument, storeDocument } from '../../test/fixtures/stored-document.ts'
import { stackHome, startWorkerProgram, stopProgram } from '../../test/fixtures/worker-program.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { openFolderStorage } from '../storage-folder.ts'

const pageCount = 150

const whole = async (db: Db, { tenantId, id }: StoredDocument) => {
  const [document] = await db
    .select()
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
  return document
}

const pagesOf = (db: Db, { tenantId, id }: StoredDocument) =>
  db
    .select({ number: documentPages.number, text: documentPages.text, words: documentPages.words })
    .from(documentPages)
    .where(and(eq(documentPages.tenantId, tenantId), eq(documentPages.documentId, id)))
    .orderBy(asc(documentPages.number))

test('after kill -9 of a worker another goes on with its document and ends the same', {
  timeout: 60_000,
}, async () => {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const home = await stackHome()
  const storage = openFolderStorage(join(home, 'storage'))
  const bytes = longPdf(pageCount, 50)
  const disturbed = await storeDocument({ db, storage }, { tenant, bytes })
  const first = await startWorkerProgram(home)
  const begun = await eventually('some pages are stored', async () => {
    const document = await whole(db, disturbed)
    return (document?.pagesDone ?? 0) > 20 && document
  })
  await stopProgram(first, 'SIGKILL')
  const killedAt = performance.now()
  expect(begun.pagesDone).toBeLessThan(pageCount)
  const second = await startWorkerProgram(home)
  let progress = begun.pagesDone
  await eventually('the document is complete', async () => {
    const document = await whole(db, disturbed)
    expect(document?.pagesDone).toBeGreaterThanOrEqual(progress)
    progress = document?.pagesDone ?? 0
    return document?.status === 'completed'
  })
  const undisturbed = await storeDocument({ db, storage }, { tenant, bytes })
  await eventually('the other document is complete', async () => {
    return (await whole(db, undisturbed))?.status === 'completed'
  })
  expect(await pagesOf(db, disturbed)).toEqual(await pagesOf(db, undisturbed))
  const outcome = (document: Awaited<ReturnType<typeof whole>>) =>
    document && [document.status, document.pageCount, document.pagesDone, document.language]
  expect(outcome(await whole(db, disturbed))).toEqual(outcome(await whole(db, undisturbed)))
  const events = await listRunEvents(db, {
    tenantId: tenant.id,
    jobId: disturbed.jobId,
    after: '00000000-0000-0000-0000-000000000000',
    limit: 100,
  })
  expect(events.map(({ type }) => type)).toEqual([
    ...['enqueued', 'started', 'lease_lost', 'started', 'completed'],
  ])
  console.log(`taken over, start of a new worker included: ${takenOverMs(events, killedAt)} ms`)
  expect(await readdir(join(home, 'run', 'tmp')).catch(() => [])).toEqual([])
  await stopProgram(second, 'SIGTERM')
  expect(second.exitCode).toBe(0)
})

function takenOverMs(events: readonly RunEventRow[], killedAt: number): number {
  const restarted = events[3]?.createdAt.getTime() ?? 0
  return Math.round(restarted - (performance.timeOrigin + killedAt))
}

test('a reader dies with the worker that started it', async ({ skip }) => {
  if (process.platform !== 'linux') skip('needs /proc and setpriv')
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const home = await stackHome()
  const storage = openFolderStorage(join(home, 'storage'))
  const document = await storeDocument({ db, storage }, { tenant, bytes: longPdf(pageCount, 50) })
  const worker = await startWorkerProgram(home)
  await eventually(
    'reading has begun',
    async () => ((await whole(db, document))?.pagesDone ?? 0) > 0,
  )
  const children = await childrenOf(worker.pid)
  expect(children.length).toBeGreaterThan(0)
  await stopProgram(worker, 'SIGKILL')
  await eventually('the reader is gone', async () => {
    const alive = await Promise.all(
      children.map((pid) => readFile(`/proc/${pid}/stat`).catch(() => null)),
    )
    return alive.every((stat) => stat === null)
  })
})

async function childrenOf(pid: number | undefined): Promise<string[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return list.split(' ').filter((child) => child !== '')
}
