import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { and, eq, sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { documentPages, documents, jobHistory } from '../../../db/schema/index.ts'
import { openFolderStorage } from '../../../local-runtime/storage-folder.ts'
import { makePdf, type PdfPage } from '../../../test/fixtures/pdf.ts'
import { recognitionMs, scanOf } from '../../../test/fixtures/scans.ts'
import { storeDocument } from '../../../test/fixtures/stored-document.ts'
import {
  stackHome,
  startWorkerProgram,
  stopProgram,
} from '../../../test/fixtures/worker-program.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import { openTestDatabase } from '../../../test/harness/setup.ts'
import { createTenant } from '../../../test/harness/tenants.ts'

const texts = ['harbour', 'lighthouse', 'zeppelin']
const size = { width: 300, height: 100 }

const scanned = async (text: string): Promise<PdfPage> => ({
  ...size,
  scan: await scanOf({ ...size, text: [{ x: 40, y: 40, size: 24, text }] }),
})

/** A stored document of three scans, and what has become of it. */
async function storedScans() {
  const { db } = await openTestDatabase()
  const tenant = await createTenant(db)
  const home = await stackHome()
  const storage = openFolderStorage(join(home, 'storage'))
  const bytes = makePdf(await Promise.all(texts.map(scanned)))
  const { id, jobId } = await storeDocument({ db, storage }, { tenant, bytes })
  const ofDocument = and(eq(documentPages.tenantId, tenant.id), eq(documentPages.documentId, id))
  const { number, text, pending } = documentPages
  const pages = () =>
    db
      .select({ number, text, pending, xmin: sql<string>`xmin::text` })
      .from(documentPages)
      .where(ofDocument)
      .orderBy(number)
  const document = async () => {
    const mine = and(eq(documents.tenantId, tenant.id), eq(documents.id, id))
    return (await db.select().from(documents).where(mine))[0]
  }
  const parts = () =>
    db
      .select({ status: jobHistory.status, attempts: jobHistory.attempts })
      .from(jobHistory)
      .where(and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.batchId, jobId)))
  return { home, pages, document, parts }
}

/** Processes that a worker has started and that read a page. */
const readersOf = async (pid: number): Promise<string[]> =>
  (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean)

test('after kill -9 in the middle of recognition another worker reads what is left and nothing twice', {
  timeout: recognitionMs,
}, async ({ skip }) => {
  if (process.platform !== 'linux') skip('needs /proc')
  const { home, pages, document, parts } = await storedScans()
  const first = await startWorkerProgram(home)
  const before = await eventually(
    'one page is done',
    async () => {
      const found = await pages()
      return found.length === 3 && found.some(({ pending }) => !pending) && found
    },
    recognitionMs,
  )
  const pid = first.pid ?? 0
  const readers = await eventually('the next page is being read', async () => {
    const found = await readersOf(pid)
    return found.length > 0 && found
  })
  await stopProgram(first, 'SIGKILL')
  await eventually('its reader is gone as well', async () =>
    readers.every((reader) => !existsSync(`/proc/${reader}`)),
  )
  expect(await document()).toMatchObject({ status: 'processing' })
  await startWorkerProgram(home)
  const end = await eventually(
    'the end',
    async () => {
      const found = await document()
      return found?.status !== 'processing' && found
    },
    recognitionMs,
  )
  expect(end).toMatchObject({ status: 'completed', pagesDone: 3, textChoice: 'ocr' })
  const after = await pages()
  expect(after.map(({ text }) => text)).toEqual(texts)
  for (const { number, xmin } of before.filter(({ pending }) => !pending))
    expect(after[number - 1]?.xmin).toBe(xmin)
  const ends = await parts()
  expect(ends.map(({ status }) => status)).toEqual(texts.map(() => 'completed'))
  // The one that was being read, and none of the others.
  expect(ends.filter(({ attempts }) => attempts > 1).length).toBeLessThanOrEqual(1)
})
