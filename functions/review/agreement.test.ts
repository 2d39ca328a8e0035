import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { batches, batchItems, suggestions } from '../../db/schema/index.ts'
import type { Box } from '../../domain/documents/words.ts'
import { type Annotator, agreeing } from '../../test/fixtures/agreeing.ts'
import { referenceAgreement } from '../../test/fixtures/agreement-reference.ts'

/** As Park and Miller draw: the same in each run. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Boxes of a few places, so that annotators often mean the same one; in uneven steps, so that no two pairings are alike. */
const drawnMarks = (userId: string, random: () => number) =>
  [1, 2].flatMap((page) =>
    Array.from({ length: Math.floor(random() * 4) }, () => ({
      ...{ userId, page, labelName: random() < 0.5 ? 'total' : 'sum' },
      box: [
        Math.floor(random() * 3) / 5,
        [0, 0.02, 0.05][Math.floor(random() * 3)] ?? 0,
        0.4,
        0.3,
      ] as Box,
    })),
  )

const orClose = (value: number | null) => (value === null ? null : expect.closeTo(value, 9))

function meanOf(values: (number | null)[]): number | null {
  const given = values.filter((value) => value !== null)
  return given.length === 0 ? null : given.reduce((sum, value) => sum + value, 0) / given.length
}

test.each([7, 11, 2_026])('kappa and IoU are those of an independent script (%i)', async (seed) => {
  const { annotate, agreement, editor, see, ann, bob, documentId } = await agreeing()
  const annotators = [ann, bob, await editor()]
  const random = randomOf(seed)
  const marks = annotators.flatMap(({ id }) => drawnMarks(id, random))
  for (const { userId, page, labelName, box } of marks) {
    const [x, y, width, height] = box
    await annotate({ page, labelName, x, y, width, height }, userId)
  }
  for (const annotator of annotators) await see(annotator, [1, 2])
  const { pairs, overall } = await agreement()
  const regionsOf = ({ user_id: id }: Annotator) =>
    marks.filter(({ userId }) => userId === id).map((mark) => ({ documentId, ...mark }))
  const expected = pairs.map((pair) =>
    referenceAgreement(regionsOf(pair.first), regionsOf(pair.second)),
  )
  expect(pairs).toHaveLength(3)
  for (const [index, pair] of pairs.entries()) {
    expect(pair.kappa).toEqual(orClose(expected[index]?.kappa ?? null))
    expect(pair.mean_iou).toEqual(orClose(expected[index]?.meanIou ?? null))
    const kappas = new Map(pair.labels.map((label) => [label.label_name, label.kappa]))
    for (const [name, kappa] of Object.entries(expected[index]?.labels ?? {}))
      expect(kappas.get(name)).toEqual(orClose(kappa))
  }
  expect(overall.kappa).toEqual(orClose(meanOf(expected.map(({ kappa }) => kappa))))
  expect(overall.mean_iou).toEqual(orClose(meanOf(expected.map(({ meanIou }) => meanIou))))
})

test('a page that only one has seen does not count, and "nothing here" does once it is said', async () => {
  const { annotate, agreement, see, ann, bob } = await agreeing()
  await annotate({}, ann.id)
  await annotate({}, bob.id)
  await annotate({ page: 2 }, ann.id)
  expect(await agreement()).toMatchObject({
    pages_compared: 1,
    overall: { regions: 1, agreed: 1, kappa: 1, mean_iou: 1 },
  })
  await see(bob, [2])
  const { pages_compared: compared, overall, pages } = await agreement('&pages=true')
  expect(compared).toBe(2)
  expect(overall).toMatchObject({ annotator_pairs: 1, regions: 2, agreed: 1 })
  expect(pages?.map(({ page, agreed }) => [page, agreed])).toEqual([
    [2, 0],
    [1, 1],
  ])
})

test('what a reviewer corrected stays what the annotator said', async () => {
  const { annotate, change, judge, agreement, ann, bob, editor } = await agreeing()
  const wrong = await annotate({ labelName: 'wrong' }, ann.id)
  await annotate({}, bob.id)
  const reviewer = await editor()
  await change(wrong, { labelName: 'total' }, reviewer.id)
  await judge(wrong, 'corrected', reviewer.id)
  const { pairs } = await agreement()
  const between = (...users: string[]) =>
    pairs.find(
      ({ first, second }) => users.includes(first.user_id) && users.includes(second.user_id),
    )
  expect(between(ann.id, bob.id)?.agreed).toBe(0)
  expect(between(ann.id, reviewer.id)?.agreed).toBe(0)
  expect(between(bob.id, reviewer.id)?.agreed).toBe(1)
})

test('a person agrees with what they call valid of a model, whose word is what came in', async () => {
  const { annotate, change, judge, agreement, ann, bob } = await agreeing()
  const found = await annotate({ source: 'model', confidence: 0.7 }, ann.id)
  await judge(found, 'valid', bob.id)
  expect((await agreement()).pairs).toMatchObject([
    {
      first: { user_id: bob.id, source: 'human' },
      second: { user_id: ann.id, source: 'model' },
      agreed: 1,
    },
  ])
  await change(found, { labelName: 'sum' }, ann.id)
  await judge(found, 'valid', bob.id)
  expect((await agreement()).pairs).toMatchObject([{ agreed: 0 }])
})

test('the documents of a batch are compared together, those of one never with those of another', async () => {
  const { annotate, read, addPages, documentId, ann, bob, db, tenant, otherTenant } =
    await agreeing()
  const other = await addPages(1)
  for (const { id } of [ann, bob]) await annotate({}, id)
  await annotate({ documentId: other }, ann.id)
  await annotate({ documentId: other, labelName: 'sum' }, bob.id)
  const batchId = uuidv7()
  const of = { tenantId: tenant.id, userId: tenant.admin.id }
  const counts = { itemsTotal: 3, itemsQueued: 3 }
  await db.insert(batches).values({ ...of, ...counts, id: batchId, operation: 'extract' as const })
  // The document of the third one is gone.
  for (const [position, id] of [documentId, other, uuidv7()].entries())
    await db.insert(batchItems).values({ tenantId: tenant.id, batchId, position, documentId: id })
  const together = await read(`batch_id=${batchId}`)
  expect(together).toMatchObject({
    ...{ documents: 2, annotations: 4, pages_compared: 2, is_shortened: false },
    overall: { regions: 2, matched: 2, agreed: 1, mean_iou: 1 },
  })
  expect(await read(`document_ids=${documentId},${other}`)).toEqual(together)
  expect((await otherTenant.get(`/agreement?batch_id=${batchId}`)).status).toBe(404)
})

test('who imports what was judged elsewhere has judged nothing', async () => {
  const { annotate, agreement, ann, clock } = await agreeing()
  const judged = {
    validation: 'valid',
    validatedAt: clock.now(),
    validatedByUserId: ann.id,
  } as const
  await annotate({ source: 'import', ...judged }, ann.id)
  const { annotators, pairs } = await agreement()
  expect(annotators.map(({ source }) => source)).toEqual(['import'])
  expect(pairs).toEqual([])
})

test('a suggestion is said by who suggested it, as it was, by whoever it was accepted or dismissed', async () => {
  const { annotate, agreement, ann, bob, db, tenant, documentId, clock } = await agreeing()
  const region = { documentId, page: 1, x: 0.1, y: 0.1, width: 0.2, height: 0.1 }
  const suggest = (fields: object) =>
    db.insert(suggestions).values({
      ...{ ...region, tenantId: tenant.id, id: uuidv7(), source: 'model', labelName: 'total' },
      ...{ createdByUserId: ann.id, decidedByUserId: bob.id, ...fields },
    })
  const verdict = { validatedAt: clock.now(), validatedByUserId: bob.id, source: 'model' } as const
  const valid = await annotate({ ...region, ...verdict, validation: 'valid' }, bob.id)
  const fixed = { ...region, y: 0.4, labelName: 'sum' }
  const corrected = await annotate({ ...fixed, ...verdict, validation: 'corrected' }, bob.id)
  await suggest({ state: 'accepted', annotationId: valid })
  await suggest({ state: 'accepted', annotationId: corrected, y: 0.4 })
  await suggest({ state: 'dismissed', y: 0.7 })
  await suggest({ state: 'open', decidedByUserId: null, y: 0.85 })
  await suggest({ state: 'dismissed', source: 'template', y: 0.9 })
  const { annotators, pairs } = await agreement()
  expect(annotators).toMatchObject([
    { user_id: bob.id, source: 'human', regions: 2 },
    { user_id: ann.id, source: 'model', regions: 3 },
  ])
  expect(pairs).toMatchObject([{ regions: 3, matched: 2, agreed: 1 }])
})
