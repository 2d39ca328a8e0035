import { and, eq } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { annotations, annotationVersions } from '../../db/schema/index.ts'
import { type Annotation, type Suggestion, suggesting } from '../../test/fixtures/suggesting.ts'
import { bodyOf } from '../../test/harness/requests.ts'

async function deciding() {
  const world = await suggesting()
  const { db, tenant, documentId, post } = world
  const mine = and(eq(annotations.tenantId, tenant.id), eq(annotations.documentId, documentId))
  const accept = (id: string, headers = {}) => post(`/${id}/accept`, undefined, { headers })
  return {
    ...world,
    accept,
    modify: (id: string, changes: object) => post(`/${id}/modify`, changes),
    dismiss: (id: string) => post(`/${id}/dismiss`),
    annotationsMade: () => db.$count(annotations, mine),
  }
}

test('an accepted suggestion is an annotation that whoever accepted has checked', async () => {
  const { suggest, accept, get, list, db, tenant, region } = await deciding()
  const said = { value: '12', attributes: { unit: 'EUR' }, confidence: 0.7, label_type: 'number' }
  const { id } = await suggest(said)
  const reply = await accept(id)
  expect(reply.status).toBe(201)
  expect(reply.headers.get('etag')).toBe('"v1"')
  const annotation = await bodyOf<Annotation>(reply)
  expect(annotation).toMatchObject({ ...region, ...said, source: 'model', validation: 'valid' })
  expect(annotation.validated_by).toBe(tenant.admin.id)
  expect(reply.headers.get('location')).toBe(`/v1/annotations/${annotation.id}`)
  const suggestion = await bodyOf<Suggestion>(await get(`/${id}`))
  expect(suggestion).toMatchObject({ state: 'accepted', annotation_id: annotation.id, version: 2 })
  expect(await list()).toEqual([])
  const versions = and(
    eq(annotationVersions.tenantId, tenant.id),
    eq(annotationVersions.annotationId, annotation.id),
  )
  expect(await db.$count(annotationVersions, versions)).toBe(1)
})

test('accepted again, also by many at once, it is the same annotation', async () => {
  const { suggest, accept, annotationsMade } = await deciding()
  const { id } = await suggest()
  const replies = await Promise.all(Array.from({ length: 12 }, () => accept(id)))
  expect(replies.map(({ status }) => status).sort()).toEqual([...Array(11).fill(200), 201])
  const made = await Promise.all(replies.map((reply) => bodyOf<Annotation>(reply)))
  expect(new Set(made.map((annotation) => JSON.stringify(annotation))).size).toBe(1)
  const again = await accept(id, { 'if-match': '"v1"' })
  expect(await bodyOf(again)).toEqual(made[0])
  expect(await annotationsMade()).toBe(1)
})

test('one accepted with changes is corrected, and the suggestion stays as it was', async () => {
  const { suggest, modify, get, region } = await deciding()
  const suggestion = await suggest({ value: '12', attributes: { b: 1, a: 2 } })
  const changes = { value: '13', box: [0.1, 0.2, 0.4, 0.05], label_name: 'net total' }
  const reply = await modify(suggestion.id, changes)
  expect(reply.status).toBe(201)
  expect(await bodyOf<Annotation>(reply)).toMatchObject({ ...changes, validation: 'corrected' })
  const read = await bodyOf<Suggestion>(await get(`/${suggestion.id}`))
  expect(read).toMatchObject({ ...region, value: '12', state: 'accepted' })
  const other = await suggest({ page: 2, value: '12', attributes: { b: 1, a: 2 } })
  const same = await modify(other.id, { value: '12', attributes: { a: 2, b: 1 } })
  expect(await bodyOf<Annotation>(same)).toMatchObject({ validation: 'valid' })
})

test('the same changes again give the same annotation, others are refused', async () => {
  const { suggest, modify, accept, annotationsMade } = await deciding()
  const { id } = await suggest({ value: '12' })
  const first = await bodyOf<Annotation>(await modify(id, { value: '13' }))
  const again = await modify(id, { value: '13' })
  expect(again.status).toBe(200)
  expect(await bodyOf(again)).toEqual(first)
  expect((await modify(id, { value: '14' })).status).toBe(409)
  expect(await bodyOf(await accept(id))).toEqual(first)
  expect(await annotationsMade()).toBe(1)
})

test('a dismissed suggestion cannot be accepted, nor an accepted one dismissed', async () => {
  const { suggest, accept, dismiss, annotationsMade } = await deciding()
  const [one, other] = [await suggest(), await suggest({ page: 2 })]
  const reply = await dismiss(one.id)
  expect(reply.headers.get('etag')).toBe('"v2"')
  const dismissed = await bodyOf<Suggestion>(reply)
  expect(dismissed).toMatchObject({ state: 'dismissed', version: 2 })
  expect(await bodyOf(await dismiss(one.id))).toEqual(dismissed)
  expect((await accept(one.id)).status).toBe(409)
  await accept(other.id)
  expect((await dismiss(other.id)).status).toBe(409)
  expect(await annotationsMade()).toBe(1)
})

test('of accepting and dismissing at once one wins, and what is there says which', async () => {
  const { suggest, accept, dismiss, get, annotationsMade } = await deciding()
  for (let round = 1; round <= 4; round += 1) {
    const before = await annotationsMade()
    const { id } = await suggest({ box: [0.1, 0.1 * round, 0.2, 0.05] })
    const orders = round % 2 === 0 ? [accept, dismiss] : [dismiss, accept]
    const replies = await Promise.all(orders.map((decide) => decide(id)))
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(1)
    const { state } = await bodyOf<Suggestion>(await get(`/${id}`))
    expect((await annotationsMade()) - before).toBe(state === 'accepted' ? 1 : 0)
    expect(state).not.toBe('open')
  }
})

test('a decision on another version than the one that was read is a 412', async () => {
  const { suggest, accept, list } = await deciding()
  const { id } = await suggest()
  expect((await accept(id, { 'if-match': '"v9"' })).status).toBe(412)
  expect(await list()).toHaveLength(1)
})

test('what was decided is not suggested again: dismissed, accepted, or accepted as something else', async () => {
  const { suggest, propose, modify, accept, dismiss, db, tenant, list } = await deciding()
  const [one, two, three] = [
    await suggest(),
    await suggest({ page: 2 }),
    await suggest({ label_name: 'sum' }),
  ]
  await dismiss(one.id)
  await accept(two.id)
  await modify(three.id, { label_name: 'tax', box: [0.6, 0.6, 0.1, 0.1] })
  const near = { box: [0.1005, 0.2, 0.3, 0.05] }
  expect(await propose(near)).toMatchObject({ verdict: 'dismissed', suggestion: { id: one.id } })
  const annotated = { verdict: 'annotated', suggestion: { id: two.id, state: 'accepted' } }
  expect(await propose({ ...near, page: 2 })).toMatchObject(annotated)
  expect(await propose({ label_name: 'sum' })).toMatchObject({ verdict: 'annotated' })
  await db
    .update(annotations)
    .set({ deletedAt: new Date() })
    .where(eq(annotations.tenantId, tenant.id))
  expect(await propose({ ...near, page: 2 })).toMatchObject(annotated)
  expect((await accept(two.id)).status).toBe(409)
  expect(await list()).toEqual([])
})
