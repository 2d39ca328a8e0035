import { and, eq } from 'drizzle-orm'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type SuggestionState, suggestions } from '../../db/schema/index.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { openTestDatabase } from '../../test/harness/setup.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { type Proposal, proposeRegions } from './suggestions.ts'
import { isSamePlace } from './suggestions-same.ts'

async function setup() {
  const { db } = await openTestDatabase()
  const { id: tenantId, admin } = await createTenant(db)
  const by = { tenantId, userId: admin.id, at: new Date() }
  const document = async () => (await addDocument(db, { ...by, pages: ['A page.'] })).id
  const propose = (list: readonly Proposal[]) =>
    db.transaction((tx) => proposeRegions(tx, by, list))
  const dismiss = (id: string) =>
    db
      .update(suggestions)
      .set({ state: 'dismissed', decidedByUserId: admin.id })
      .where(and(eq(suggestions.tenantId, tenantId), eq(suggestions.id, id)))
  const openOf = (documentId: string) =>
    db
      .select()
      .from(suggestions)
      .where(
        and(
          eq(suggestions.tenantId, tenantId),
          eq(suggestions.documentId, documentId),
          eq(suggestions.state, 'open'),
        ),
      )
  return { document, propose, dismiss, openOf }
}

type Region = Omit<Proposal, 'documentId'>
const proposal = (region: Pick<Region, 'box' | 'rotation' | 'labelName'>, documentId: string) => ({
  ...{ ...region, documentId, page: 1, labelType: 'text' as const, value: null },
  ...{ confidence: null, source: 'model' as const },
})

// A little off a few places, on a coarse grid: many overlap by nine tenths, more or less, and some to the bit.
const about = (...places: number[]) =>
  fc
    .tuple(fc.constantFrom(...places), fc.integer({ min: -3, max: 3 }))
    .map(([place, offset]) => (place + offset) / 200)
const region = fc.record({
  box: fc.tuple(about(10), about(10), about(40, 80), about(50)),
  rotation: fc.constantFrom(0, 0, 0, 4, 5, 6, 90, 176, 180, -180, 360),
  labelName: fc.constantFrom('total', 'total', 'sum'),
})
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ list: fc.array(region, { minLength: 1, maxLength: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ dismissed: fc.nat(20) }) },
)

type Known = Proposal & { id: string; state: SuggestionState }

/** What must become of a proposal when these are known, by the rule as a person would say it. */
function expectedVerdict(known: readonly Known[], proposed: Proposal): string {
  const same = known.filter(
    (one) => one.labelName === proposed.labelName && isSamePlace(one, proposed),
  )
  if (same.some(({ state }) => state === 'dismissed')) return 'dismissed'
  return same.length > 0 ? 'exists' : 'created'
}

test('whatever is proposed and dismissed in whatever order, a dismissed region never returns', async () => {
  const { document, propose, dismiss, openOf } = await setup()
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const documentId = await document()
      const known: Known[] = []
      for (const one of steps) {
        if ('dismissed' in one) {
          const chosen = known[one.dismissed % Math.max(known.length, 1)]
          if (!chosen) continue
          chosen.state = 'dismissed'
          await dismiss(chosen.id)
          continue
        }
        const list = one.list.map((given) => proposal(given, documentId))
        const verdicts = await propose(list)
        for (const [place, proposed] of list.entries()) {
          const { verdict, suggestionId } = verdicts[place] ?? {}
          expect(verdict).toBe(expectedVerdict(known, proposed))
          if (verdict === 'created' && suggestionId)
            known.push({ ...proposed, id: suggestionId, state: 'open' })
        }
      }
      const open = known.filter(({ state }) => state === 'open').map(({ id }) => id)
      expect((await openOf(documentId)).map(({ id }) => id).sort()).toEqual(open.sort())
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('proposed by many at once while it is dismissed, a region is open for nobody afterwards', async () => {
  const { document, propose, dismiss, openOf } = await setup()
  const documentId = await document()
  const near = (offset: number) =>
    proposal(
      { box: [0.1 + offset / 1e4, 0.1, 0.3, 0.05], rotation: 0, labelName: 'total' },
      documentId,
    )
  const [first] = await propose([near(0)])
  const again = () =>
    Promise.all(Array.from({ length: 10 }, (_, offset) => propose([near(offset)])))
  await Promise.all([again(), dismiss(first?.suggestionId ?? '')])
  const verdicts = (await again()).flat().map(({ verdict }) => verdict)
  expect(new Set(verdicts)).toEqual(new Set(['dismissed']))
  expect(await openOf(documentId)).toEqual([])
})

test('an unlike region that lies over a dismissed one is another', async () => {
  const { document, propose, dismiss } = await setup()
  const documentId = await document()
  const at = (box: Proposal['box']) =>
    proposal({ box, rotation: 0, labelName: 'total' }, documentId)
  const [first] = await propose([at([0.1, 0.1, 0.3, 0.1])])
  await dismiss(first?.suggestionId ?? '')
  const verdictOf = async (box: Proposal['box']) => (await propose([at(box)]))[0]?.verdict
  expect(await verdictOf([0.1, 0.1, 0.27, 0.1])).toBe('dismissed')
  expect(await verdictOf([0.13, 0.1, 0.27, 0.1])).toBe('dismissed')
  expect(await verdictOf([0.1, 0.11, 0.3, 0.09])).toBe('dismissed')
  expect(await verdictOf([0.1, 0.1, 0.26, 0.1])).toBe('created')
  expect(await verdictOf([0.1, 0.1, 0.3, 0.05])).toBe('created')
})
