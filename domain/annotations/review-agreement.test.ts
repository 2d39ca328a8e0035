import fc from 'fast-check'
import { expect, test } from 'vitest'
import { referenceAgreement } from '../../test/fixtures/agreement-reference.ts'
import { agreementBetween } from './agreement.ts'
import type { Region } from './region-matching.ts'
import { agreementReport, planAgreement } from './review-agreement.ts'
import { pageKey, regionsPerPageMax, type Statement } from './review-statements.ts'

const noPause = async () => undefined
const documentId = 'd'

const region = (page: number, fields: Partial<Region> = {}): Region => ({
  ...{ documentId, page, labelName: 'total', box: [0.1, 0.1, 0.2, 0.2] },
  ...fields,
})

/** Pages that an annotator has seen, each with their regions there. */
const statement = (userId: string, pages: Record<number, Region[]>): Statement => ({
  annotator: { userId, source: 'human' },
  pages: new Map(
    Object.entries(pages).map(([page, regions]) => [
      pageKey({ documentId, page: Number(page) }),
      regions,
    ]),
  ),
})

const report = (...statements: Statement[]) => agreementReport(planAgreement(statements), noPause)

test('only pages that both have seen are compared', async () => {
  const ann = statement('ann', { 1: [region(1)], 2: [region(2)], 3: [] })
  const bob = statement('bob', { 1: [region(1)], 3: [region(3)] })
  const { pages, pairs, overall } = await report(ann, bob)
  expect(pages).toBe(2)
  expect(pairs).toHaveLength(1)
  expect(pairs[0]).toMatchObject({ pages: 2, agreement: { regions: 2, agreed: 1 } })
  expect(overall).toMatchObject({ annotatorPairs: 1, regions: 2, matched: 1 })
})

test('those who share no page are no pair', async () => {
  const { pairs, annotators } = await report(
    statement('ann', { 1: [region(1)] }),
    statement('bob', { 2: [region(2)] }),
  )
  expect(pairs).toEqual([])
  expect(annotators.map(({ pages, regions }) => [pages, regions])).toEqual([
    [1, 1],
    [1, 1],
  ])
})

test('where they agree least comes first, and a page without regions last', async () => {
  const other = region(2, { labelName: 'sum' })
  const { pageAgreements } = await report(
    statement('ann', { 1: [region(1)], 2: [region(2)], 3: [] }),
    statement('bob', { 1: [region(1)], 2: [other], 3: [] }),
  )
  expect(pageAgreements.map(({ page }) => page)).toEqual([2, 1, 3])
})

test('a page with too many regions of one annotator is left out and named', async () => {
  const many = Array.from({ length: regionsPerPageMax + 1 }, () => region(1))
  const { pages, fullPages, overall } = await report(
    statement('ann', { 1: many, 2: [region(2)] }),
    statement('bob', { 1: [region(1)], 2: [region(2)] }),
  )
  expect(fullPages).toEqual([{ documentId, page: 1, regions: regionsPerPageMax + 1 }])
  expect(pages).toBe(1)
  expect(overall).toMatchObject({ regions: 1, agreed: 1 })
})

test('the work is told beforehand, and pauses again and again', async () => {
  const row = (page: number) =>
    Array.from({ length: 500 }, (_, index) => region(page, { box: [index / 500, 0, 0.001, 1] }))
  const [ann, bob] = ['ann', 'bob'].map((userId) =>
    statement(userId, { 1: row(1), 2: row(2), 3: row(3) }),
  )
  if (!ann || !bob) throw new Error('there are two')
  const plan = planAgreement([ann, bob])
  expect(plan).toMatchObject({ comparisons: 3 * 500 * 500, comparisonsAtOnce: 500 * 500 })
  let pauses = 0
  await agreementReport(plan, async () => {
    pauses += 1
  })
  expect(pauses).toBe(3)
  const stopped = agreementReport(plan, async () => {
    throw new Error('enough')
  })
  await expect(stopped).rejects.toThrow('enough')
})

const pageNumbers = [1, 2, 3]
const anyRegions = (page: number) =>
  fc
    .array(
      fc.record({
        // Uneven steps: of two pairings with the same sum either would be right.
        left: fc.constantFrom(0, 0.07, 0.15),
        labelName: fc.constantFrom('total', 'sum'),
      }),
      { maxLength: 3 },
    )
    .map((drawn) =>
      drawn.map(({ left, labelName }) => region(page, { labelName, box: [left, 0, 0.3, 0.3] })),
    )
const anyStatement = fc.tuple(...pageNumbers.map((page) => fc.option(anyRegions(page))))

test('each pair agrees as an independent script says of the pages that both have seen', async () => {
  const property = fc.asyncProperty(anyStatement, anyStatement, async (first, second) => {
    const statementOf = (userId: string, pages: (Region[] | null)[]) =>
      statement(
        userId,
        Object.fromEntries(pages.flatMap((page, index) => (page ? [[index + 1, page]] : []))),
      )
    const shared = pageNumbers.filter((page) => first[page - 1] && second[page - 1])
    const regionsOf = (pages: (Region[] | null)[]) =>
      shared.flatMap((page) => pages[page - 1] ?? [])
    const expected = referenceAgreement(regionsOf(first), regionsOf(second))
    const { pairs } = await report(statementOf('ann', first), statementOf('bob', second))
    expect(pairs).toHaveLength(shared.length === 0 ? 0 : 1)
    for (const { agreement } of pairs) {
      expect(agreement.kappa).toEqual(orClose(expected.kappa))
      expect(agreement.meanIou).toEqual(orClose(expected.meanIou))
    }
  })
  await fc.assert(property)
})

const orClose = (value: number | null) => (value === null ? null : expect.closeTo(value, 9))

test('as many labels as regions cost one walk over the regions', () => {
  const regions = Array.from({ length: 20_000 }, (_, index) =>
    region(index + 1, { labelName: `label ${index}` }),
  )
  const { labels, kappa } = agreementBetween(regions, regions)
  expect([labels.length, kappa]).toEqual([20_000, 1])
})
