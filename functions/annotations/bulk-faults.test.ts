import { eq, sql } from 'drizzle-orm'
import fc from 'fast-check'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { annotationSources, labelTypes } from '../../db/schema/annotations.ts'
import { annotations, annotationVersions, documents } from '../../db/schema/index.ts'
import { statedAnnotation } from '../../domain/annotations/bulk-line.ts'
import { caller } from '../../test/fixtures/caller.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { BulkLine } from './contract-files.ts'
import { createApp } from './index.ts'

type Verdict = { line: number; status: string; id?: string }

const headers = { 'content-type': 'application/x-ndjson' }
const box = [0.1, 0.2, 0.3, 0.05]

async function world() {
  const bench = await setup(createApp)
  const { db, tenant } = bench
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id: documentId } = await addDocument(db, { ...owner, pages: ['One.', 'Two.'] })
  const lines = (count: number) =>
    Array.from({ length: count }, () => ({
      ...{ id: uuidv7(), document_id: documentId, page: 1, box, label_name: 'total' },
      value: 'x'.repeat(2_000),
    }))
  const count = () => db.$count(annotations, eq(annotations.tenantId, tenant.id))
  const versions = () => db.$count(annotationVersions, eq(annotationVersions.tenantId, tenant.id))
  return { ...bench, documentId, lines, count, versions }
}

const textOf = (lines: readonly object[]) =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('')

const verdictsOf = async (reply: Response): Promise<Verdict[]> =>
  (await reply.text())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

test('of a caller who goes away whole blocks stay, and sending it again makes the rest once', async () => {
  const { post, lines, count, versions } = await world()
  const all = lines(1_500)
  const { body, send, goAway } = caller()
  const reply = post('/bulk', body, { headers })
  send(textOf(all.slice(0, 700)))
  await eventually('the first block', async () => (await count()) === 700)
  send(textOf(all.slice(700, 800)))
  goAway()
  expect((await reply).status).toBe(400)
  expect(await count()).toBe(700)
  const again = await verdictsOf(await post('/bulk', textOf(all), { headers }))
  expect(again.filter(({ status }) => status === 'exists')).toHaveLength(700)
  expect(again.filter(({ status }) => status === 'created')).toHaveLength(800)
  expect(again.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
  expect([await count(), await versions()]).toEqual([1_500, 1_500])
})

test('of an atomic caller who goes away nothing stays', async () => {
  const { post, lines, count, db } = await world()
  const { body, send, goAway } = caller()
  const reply = post('/bulk?atomic=true', body, { headers })
  send(textOf(lines(1_500)))
  await eventually('the first block in its transaction', async () => {
    const [row] = await db.execute<{ open: number }>(sql`
      select count(*)::int as open from pg_stat_activity
      where datname = current_database() and state = 'idle in transaction' and query like '%webhook%'`)
    return row?.open === 1
  })
  goAway()
  expect((await reply).status).toBe(400)
  expect(await count()).toBe(0)
  expect((await post('/bulk?atomic=true', textOf(lines(2)), { headers })).status).toBe(200)
  expect(await count()).toBe(2)
})

test.each(['', '?atomic=true'])(
  'a connection to the database that dies leaves whole blocks or nothing %s',
  async (query) => {
    const { post, lines, count, versions, db } = await world()
    const all = lines(1_500)
    const { body, send, end } = caller()
    const reply = post(`/bulk${query}`, body, { headers })
    send(textOf(all.slice(0, 1_000)))
    await db.execute(sql`select count(pg_terminate_backend(pid)) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`)
    send(textOf(all.slice(1_000)))
    end()
    const { status } = await reply
    expect([200, 503]).toContain(status)
    const made = await count()
    if (query !== '') expect([0, 1_500]).toContain(made)
    if (status === 200) expect(made).toBe(1_500)
    expect(await versions()).toBe(made)
    await post('/bulk', textOf(all), { headers })
    expect([await count(), await versions()]).toEqual([1_500, 1_500])
  },
)

test('a document that is deleted meanwhile takes its lines with it, and no others', async () => {
  const { post, lines, count, db, tenant } = await world()
  const owner = { tenantId: tenant.id, userId: tenant.admin.id }
  const { id } = await addDocument(db, { ...owner, pages: ['One.'] })
  const { body, send, end } = caller()
  const reply = post('/bulk', body, { headers })
  const [first, second] = [lines(700), lines(700)]
  send(textOf([...first.slice(1), { ...first[0], document_id: id }]))
  await eventually('the first block', async () => (await count()) === 700)
  await db.delete(documents).where(sql`tenant_id = ${tenant.id} and id = ${id}`)
  send(textOf([...second.slice(1), { ...second[0], document_id: id }]))
  end()
  const verdicts = await verdictsOf(await reply)
  expect(verdicts.filter(({ status }) => status === 'refused').map(({ line }) => line)).toEqual([
    1_400,
  ])
  expect(await count()).toBe(699 + 699)
})

test('of two atomic requests more than may run at once one is told to come back', async () => {
  const { post, lines } = await world()
  const callers = [caller(), caller()]
  const running = callers.map(({ body }) => post('/bulk?atomic=true', body, { headers }))
  await eventually('both at work', async () => callers.every(({ wasAsked }) => wasAsked()))
  const reply = await post('/bulk?atomic=true', textOf(lines(1)), { headers })
  expect(reply.status).toBe(503)
  expect(reply.headers.get('retry-after')).not.toBeNull()
  for (const { end } of callers) end()
  for (const each of running) expect((await each).status).toBe(200)
})

const share = fc.double({ min: 0, max: 1, noNaN: true })
const region = fc.record(
  {
    page: fc.constantFrom(1, 2),
    box: fc.constantFrom(box, [0, 0, 1, 1], [1 / 3, 0.1, 2 / 3, 0.9]),
    rotation: fc.double({ min: -360, max: 360, noNaN: true }),
    label_type: fc.constantFrom(...labelTypes),
    label_name: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .map((name) => `a${name}`),
    value: fc.option(fc.string({ unit: 'grapheme' })),
    attributes: fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.jsonValue({ maxDepth: 2 }),
    ),
    confidence: fc.option(share),
    source: fc.constantFrom(...annotationSources),
  },
  { requiredKeys: ['page', 'box', 'label_name'], noNullPrototype: true },
)

test('whatever is stated in lines is read back as it would be after creating it alone', async () => {
  const { post, get, documentId } = await world()
  const promise = fc.asyncProperty(
    fc.array(region, { minLength: 1, maxLength: 10 }),
    async (regions) => {
      const stated = regions.map((one) => ({
        ...JSON.parse(JSON.stringify(one)),
        document_id: documentId,
      }))
      const verdicts = await verdictsOf(await post('/bulk', textOf(stated), { headers }))
      for (const [index, one] of stated.entries()) {
        const single = await post('/', one)
        const verdict = verdicts[index]
        if (single.status !== 201) {
          expect(verdict?.status).toBe('refused')
          continue
        }
        const made = await bodyOf<object>(await get(`/${verdict?.id}`))
        const own = {
          id: verdict?.id,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        }
        expect(made).toEqual({ ...(await bodyOf<object>(single)), ...own })
      }
    },
  )
  await fc.assert(promise, { numRuns: 30 })
})

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(-1, 0, 1, 1.5, 400, '', 'text', null, true),
)
const id = fc.constantFrom<unknown>(
  uuidv7(),
  uuidv7().toUpperCase(),
  crypto.randomUUID(),
  'no-uuid',
  '0'.repeat(36),
)
const anyLine = fc.record(
  {
    id: fc.oneof(id, anything),
    document_id: fc.oneof(id, anything),
    page: fc.oneof(fc.constantFrom(1, 2, 1_000_000, 1_000_001), anything),
    box: fc.oneof(
      fc.constantFrom(box, [0, 0, 1, 1], [0, 0, 1.1, 1], [0, 0, 0, 0], [0, 0, 1]),
      anything,
    ),
    rotation: fc.oneof(fc.double({ min: -400, max: 400, noNaN: true }), anything),
    label_type: fc.oneof(fc.constantFrom(...labelTypes), anything),
    label_name: fc.oneof(fc.string({ maxLength: 210 }), anything),
    value: fc.oneof(fc.option(fc.string()), anything),
    attributes: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), anything),
    confidence: fc.oneof(fc.option(share), anything),
    source: fc.oneof(fc.constantFrom(...annotationSources), anything),
    extra: anything,
  },
  { requiredKeys: ['document_id', 'page', 'box', 'label_name'], noNullPrototype: true },
)

test('the fast reading of a line accepts nothing that the schema refuses, and reads the same', () => {
  const plain = { document_id: uuidv7(), page: 1, box, label_name: 'total', attributes: { a: [1] } }
  expect(statedAnnotation(JSON.stringify(plain))).not.toBeNull()
  const promise = fc.property(anyLine, (given) => {
    const text = JSON.stringify(given)
    const fast = statedAnnotation(text)
    const slow = BulkLine.strict().safeParse(JSON.parse(text))
    if (fast === null) return
    expect(slow.success).toBe(true)
    const { documentId, labelType, labelName, attributes, x, y, width, height, ...same } = fast
    expect({
      ...{ ...same, document_id: documentId, label_type: labelType, label_name: labelName },
      ...{ box: [x, y, width, height], attributes: JSON.parse(attributes) },
    }).toEqual(slow.data)
  })
  fc.assert(promise, { numRuns: 3_000 })
})
