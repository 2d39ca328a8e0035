import { expect, test } from 'vitest'
import type { Box } from '../documents/words.ts'
import { type ReviewedAnnotation, type Statement, statementsOf } from './review-statements.ts'

const box: Box = [0.1, 0.1, 0.2, 0.1]
const elsewhere: Box = [0.6, 0.6, 0.2, 0.1]

const annotation = (fields: Partial<ReviewedAnnotation> = {}): ReviewedAnnotation => ({
  ...{ documentId: 'd', page: 1, maker: { userId: 'ann', source: 'human' } },
  ...{ now: { box, labelName: 'total' }, said: { box, labelName: 'total' } },
  ...{ isDeleted: false, validation: 'pending', validatedByUserId: null },
  ...fields,
})

/** What each annotator says: labels by page. */
const said = (statements: readonly Statement[]) =>
  Object.fromEntries(
    statements.map(({ annotator: { userId, source }, pages }) => [
      source === 'human' ? userId : `${source} of ${userId}`,
      Object.fromEntries(
        [...pages].map(([key, regions]) => [
          key.replace('d ', ''),
          regions.map(({ labelName }) => labelName),
        ]),
      ),
    ]),
  )

test('an annotator says what they marked, and has seen its page alone', () => {
  const two = [annotation(), annotation({ page: 2, said: { box, labelName: 'sum' } })]
  expect(said(statementsOf(two, []))).toEqual({ ann: { 1: ['total'], 2: ['sum'] } })
})

test('what came in from a model or an import is an annotator of its own', () => {
  const all = (['human', 'model', 'import'] as const).map((source) =>
    annotation({ maker: { userId: 'ann', source } }),
  )
  expect(Object.keys(said(statementsOf(all, [])))).toEqual(['ann', 'model of ann', 'import of ann'])
})

test('what others made of a mark is not put into the mouth of who made it', () => {
  const corrected = annotation({
    now: { box: elsewhere, labelName: 'corrected' },
    ...{ validation: 'corrected', validatedByUserId: 'bob' },
  })
  expect(said(statementsOf([corrected], []))).toEqual({
    ann: { 1: ['total'] },
    bob: { 1: ['corrected'] },
  })
})

test.each([
  ['valid', ['total']],
  ['corrected', ['total']],
  ['invalid', []],
] as const)('who calls a mark %s has seen its page and says %j', (validation, labels) => {
  const judged = annotation({ validation, validatedByUserId: 'bob' })
  expect(said(statementsOf([judged], [])).bob).toEqual({ 1: labels })
})

test('who judges their own mark says it once, and so does who marks a region and calls the same mark valid', () => {
  const own = annotation({ validation: 'valid', validatedByUserId: 'ann' })
  expect(said(statementsOf([own], []))).toEqual({ ann: { 1: ['total'] } })
  const theirs = annotation({ validation: 'valid', validatedByUserId: 'bob' })
  const bob = annotation({ maker: { userId: 'bob', source: 'human' } })
  expect(said(statementsOf([theirs, bob], [])).bob).toEqual({ 1: ['total'] })
})

test('a deleted mark says nothing; a person has seen its page, an import that was taken back has not', () => {
  const people = annotation({ isDeleted: true })
  const imported = annotation({ isDeleted: true, maker: { userId: 'ann', source: 'import' } })
  expect(said(statementsOf([people, imported], []))).toEqual({ ann: { 1: [] } })
})

test('a page that was marked as seen is seen, with or without regions', () => {
  const seen = (page: number) => ({
    ...{ documentId: 'd', page },
    annotator: { userId: 'ann', source: 'human' as const },
  })
  expect(said(statementsOf([annotation()], [seen(1), seen(2)]))).toEqual({
    ann: { 1: ['total'], 2: [] },
  })
})
