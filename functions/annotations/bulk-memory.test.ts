import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotations } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

const megabyte = 1024 * 1024
const headers = { 'content-type': 'application/x-ndjson' }

test('no more is read than the database takes in: two blocks wait, and the caller with them', async () => {
  const { db, tenant, post } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(db, { ...owner, pages: ['One.'] })
  const region = { document_id: id, page: 1, box: [0, 0, 1, 1], label_name: 'total' }
  const line = `${JSON.stringify({ ...region, value: 'x'.repeat(9_000) })}\n`
  const chunk = new TextEncoder().encode(line.repeat(7))
  const chunks = Math.ceil((8 * megabyte) / chunk.length)
  let sent = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        sent += 1
        if (sent <= chunks) controller.enqueue(chunk)
        else controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const reply = await db.transaction(async (tx) => {
    await tx.execute(sql`lock table annotations in share mode`)
    const answer = post('/bulk', body, { headers })
    await eventually('two blocks that wait', async () => {
      const [row] = await db.execute<{ waiting: number }>(sql`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`)
      return row?.waiting === 2
    })
    expect(sent * chunk.length).toBeLessThan(3.5 * megabyte)
    return { answer }
  })
  expect((await (await reply.answer).text()).split('\n').length).toBe(chunks * 7 + 1)
  expect(await db.$count(annotations, sql`tenant_id = ${tenant.id}`)).toBe(chunks * 7)
})

test('verdicts are made as they are read', async () => {
  const { db, tenant, post } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(db, { ...owner, pages: ['One.'] })
  const line = { document_id: id, page: 1, box: [0, 0, 1, 1], label_name: 'total' }
  const lines = `${JSON.stringify(line)}\n`.repeat(5_000)
  const reply = await post('/bulk?dry_run=true', lines, { headers })
  const reader = reply.body?.getReader()
  const first = await reader?.read()
  expect(first?.value?.length).toBeLessThan(100_000)
  await reader?.cancel()
})

test('the server knows of many new rows at once, not at its next round a minute later', async () => {
  const { db, tenant, post } = await setup(createApp)
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(db, { ...owner, pages: ['One.'] })
  const line = { document_id: id, page: 1, box: [0, 0, 1, 1], label_name: 'total' }
  await (await post('/bulk', `${JSON.stringify(line)}\n`.repeat(2_000), { headers })).text()
  const rows = await db.execute(sql`select relname as name from pg_class
    where relname in ('annotations', 'annotation_versions') and reltuples >= 2000 order by 1`)
  expect(rows).toMatchObject([{ name: 'annotation_versions' }, { name: 'annotations' }])
})
