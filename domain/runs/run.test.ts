import { expect, test } from 'vitest'
import { runsOfOneKind } from '../../test/fixtures/run.ts'
import { counted, failing, type Step, threeSteps } from '../../test/fixtures/run-steps.ts'
import { failJob } from '../jobs/lease.ts'
import { JobFailure, StepBroken } from '../jobs/outcome.ts'
import { redriveJob } from '../jobs/redrive.ts'
import { defineRun } from './run.ts'

test('a retry goes on from the failed step, and a redrive from the step that it names', async () => {
  const { db, tenantId, enqueue, lease, attempt, effects, row } = await runsOfOneKind()
  const id = await enqueue()
  const damaged = new JobFailure('damaged', 'It is broken.', true)
  const broken = defineRun({ steps: [counted('one'), failing('two', damaged), counted('three')] })
  const job = await lease()
  const fault = await attempt(broken, job).catch((err: JobFailure) => err)
  if (!(fault instanceof JobFailure)) throw new Error('it did not fail')
  expect(fault).toMatchObject({ code: 'damaged', isFinal: true, step: 'two' })
  await failJob(db, job, { fault, retryMs: 0 })
  expect((await row(id))?.errors).toMatchObject([{ step: 'two', code: 'damaged', attempt: 1 }])
  const again = (fromStep: string) =>
    db.transaction((tx) => redriveJob(tx, { tenantId, id, fromStep }))
  expect(await again('two')).toBe('queued')
  const second = await lease()
  await attempt(threeSteps(), second)
  expect(await effects(id)).toEqual(['one', 'three', 'two'])
  await failJob(db, second, { fault, retryMs: 0 })
  expect(await again('three')).toBe('queued')
  await attempt(threeSteps(), await lease())
  expect(await effects(id)).toEqual(['one', 'three', 'three', 'two'])
})

test('an unexpected error names its step and keeps its cause', async () => {
  const { enqueue, lease, attempt, events } = await runsOfOneKind()
  const id = await enqueue()
  const cause = new TypeError('x is undefined')
  const broken = defineRun({ steps: [counted('one'), failing('two', cause)] })
  const fault = await attempt(broken, await lease()).catch((err: unknown) => err)
  expect(fault).toBeInstanceOf(StepBroken)
  expect(fault).toMatchObject({ step: 'two', cause })
  const last = (await events(id)).at(-1)
  expect(last?.data).toMatchObject({ step: 'two', state: 'failed', code: 'internal', attempt: 1 })
  expect(JSON.stringify(last)).not.toContain('undefined')
})

test('a step that was recorded and is defined no more stays; a new one between runs when its turn comes', async () => {
  const { enqueue, lease, attempt, takeBack, effects, row } = await runsOfOneKind()
  const id = await enqueue()
  const before = defineRun({
    steps: [counted('one'), counted('old'), counted('two'), failing('end', new Error('stop'))],
  })
  const first = await lease()
  await expect(attempt(before, first)).rejects.toThrow(StepBroken)
  await takeBack(first)
  let given: unknown
  const end: Step = {
    name: 'end',
    run: async ({ outputs }) => {
      given = outputs
      return {}
    },
  }
  const after = defineRun({ steps: [counted('one'), counted('new'), counted('two'), end] })
  await attempt(after, await lease())
  expect(await effects(id)).toEqual(['new', 'old', 'one', 'two'])
  const steps: { name: string; attempt: number }[] = (await row(id))?.steps
  expect(steps.map(({ name, attempt: by }) => `${name} ${by}`)).toEqual([
    ...['one 1', 'old 1', 'two 1', 'new 2', 'end 2'],
  ])
  expect(Object.keys(given as object).sort()).toEqual(['new', 'old', 'one', 'two'])
})

const wide = 'x'.repeat(64 * 1024)

test.each<[string, unknown, object]>([
  ['too large', wide, { code: 'output_too_large', isFinal: true }],
  ['with a NUL', { text: 'a\0b' }, { code: 'invalid_result', isFinal: false }],
  ['with a date', { at: new Date(0) }, { code: 'invalid_result', isFinal: false }],
  ['with a big integer', { n: 1n }, { code: 'invalid_result', isFinal: false }],
])('an output %s is a failure of its step, and takes no effect', async (_, output, failure) => {
  const { enqueue, lease, attempt, effects } = await runsOfOneKind()
  const id = await enqueue()
  const handler = defineRun({ steps: [counted('one', { output })] })
  const fault = await attempt(handler, await lease()).catch((err: unknown) => err)
  expect(fault).toBeInstanceOf(JobFailure)
  expect(fault).toMatchObject({ ...failure, step: 'one' })
  expect(await effects(id)).toEqual([])
})

test('the largest output that is allowed comes back whole to a later attempt', async () => {
  const { enqueue, lease, attempt, takeBack } = await runsOfOneKind()
  await enqueue()
  const output = wide.slice(2)
  const first = counted('one', { output })
  const job = await lease()
  const broken = defineRun({ steps: [first, failing('two', new Error('stop'))] })
  await expect(attempt(broken, job)).rejects.toThrow(StepBroken)
  await takeBack(job)
  let given: unknown
  const two: Step = {
    name: 'two',
    run: async ({ outputs }) => {
      given = outputs.one
      return {}
    },
  }
  await attempt(defineRun({ steps: [first, two] }), await lease())
  expect(given).toBe(output)
})
