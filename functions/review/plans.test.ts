import { sql } from 'drizzle-orm'
import { beforeAll, expect, test } from 'vitest'
import type { Database } from '../../db/client.ts'
import { takeLock } from '../../domain/annotations/locks.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openFirstPlans } from '../../test/harness/first-plans.ts'
import { rowsRead } from '../../test/harness/rows-read.ts'
import { createTenant, type TestTenant } from '../../test/harness/tenants.ts'
import { holdNext, listQueueRows, type QueueFilter } from './queue-queries.ts'

const waitingCount = 20_000

let database: Database
let tenant: TestTenant
let filter: QueueFilter

// On one connection, whose plans are then those that were made while the table was empty.
beforeAll(async () => {
  database = await openFirstPlans()
  tenant = await createTenant(database.db)
  filter = {
    ...{ tenantId: tenant.id, documentId: undefined, batchId: undefined, labelName: undefined },
    ...{ source: undefined, confidenceMax: undefined, notByUserId: null },
  }
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(database.db, { ...owner, pages: ['A page.'] })
  await fill(id, 1)
  const [only] = await list(null)
  for (let time = 0; time < 8; time += 1) await everything(only?.annotation.id ?? '')
  await database.db.execute(sql`delete from annotations where tenant_id = ${tenant.id}`)
  await fill(id, waitingCount)
})

const list = (after: readonly [number, string] | null, limit = 20) =>
  listQueueRows(database.db, filter, { after, at: new Date(), limit })

const next = () => {
  const taker = { userId: tenant.admin.id, at: new Date(), except: [] }
  return database.db.transaction((tx) => holdNext(tx, filter, taker))
}

const fill = (documentId: string, count: number) =>
  database.db.execute(sql`
    insert into annotations (tenant_id, id, document_id, page, x, y, width, height, label_name,
      confidence, created_by_user_id, updated_by_user_id)
    select ${tenant.id}, gen_random_uuid(), ${documentId}, 1, 0, 0, 1, 1, 'total', (n % 100) / 100.0,
      ${tenant.admin.id}, ${tenant.admin.id} from generate_series(1, ${count}) n`)

const take = (id: string) => {
  const [at, until] = [new Date(), new Date(Date.now() + 60_000)]
  const taking = { tenantId: tenant.id, id, userId: tenant.admin.id, at, until }
  return database.db.transaction((tx) => takeLock(tx, taking))
}

async function everything(id: string): Promise<void> {
  await list(null)
  await list([0.5, tenant.id])
  await next()
  await take(id)
  await next()
  await database.db.execute(sql`delete from annotation_locks where tenant_id = ${tenant.id}`)
}

const annotationsRead = (work: () => Promise<unknown>) =>
  rowsRead(database.db, ['annotations'], work)

test('a plan made while nothing waited reads the items of a page, not the queue', async () => {
  const first = await annotationsRead(async () => expect(await list(null)).toHaveLength(20))
  expect(first).toBeLessThan(100)
  const middle = await annotationsRead(async () => {
    const [row] = await list([0.5, 'ffffffff-ffff-ffff-ffff-ffffffffffff'])
    expect(row?.annotation.confidence).toBe(0.51)
  })
  expect(middle).toBeLessThan(100)
})

test('a plan made while nothing waited takes the next item without reading the queue', async () => {
  const read = await annotationsRead(async () => expect(await next()).not.toBeNull())
  expect(read).toBeLessThan(100)
})

test('what a reviewer has already is found by their locks, wherever in the queue it stands', async () => {
  const [last] = await list([0.99, '00000000-0000-0000-0000-000000000000'], 1)
  if (!last) throw new Error('the queue is empty')
  const { id } = last.annotation
  await take(id)
  const read = await annotationsRead(async () => expect((await next())?.annotation.id).toBe(id))
  expect(read).toBeLessThan(100)
})
