import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { runsOfOneKind } from '../../test/fixtures/run.ts'
import { createTenant } from '../../test/harness/tenants.ts'
import { JobFailure, StepBroken } from '../jobs/outcome.ts'
import { type Verdict, volumeFloor } from './checks.ts'
import type { RunCheck, RunDefinition, RunHost } from './definition.ts'
import { defineRun } from './run.ts'

const verdict = (passed: boolean): Verdict => ({
  passed,
  values: { seen: 3 },
  message: 'Three were seen.',
})

/** `fetch` gives a number, `store` leaves a row; the checks stand between them unless they say otherwise. */
const refresh = (
  count: number,
  checks: (Pick<RunCheck, 'check'> & Partial<RunCheck>)[],
): RunDefinition<RunHost> => ({
  steps: [
    { name: 'fetch', run: async () => ({ output: { count } }) },
    {
      name: 'store',
      run: async ({ job }) => ({
        effect: async (tx) => {
          await tx.execute(sql`insert into effects (job_id, step) values (${job.id}, 'store')`)
        },
      }),
    },
  ],
  checks: checks.map((check) => ({ name: 'volume', after: 'fetch', ...check })),
})

const countIn = (output: unknown): number =>
  typeof output === 'object' && output !== null ? Number(Reflect.get(output, 'count')) : Number.NaN

const shrinking: Pick<RunCheck, 'check'> = {
  check: async ({ outputs, previous }) =>
    volumeFloor({ count: countIn(outputs.fetch), shareMin: 0.8, previous: await previous() }),
}

test('a failed check ends the run for good, before the effect of the steps behind it', async () => {
  const { enqueue, lease, attempt, effects, events } = await runsOfOneKind()
  const id = await enqueue()
  const handler = defineRun(refresh(1, [{ check: () => verdict(false) }]))
  const fault = await attempt(handler, await lease()).catch((err: unknown) => err)
  expect(fault).toBeInstanceOf(JobFailure)
  expect(fault).toMatchObject({
    code: 'check_failed',
    isFinal: true,
    step: 'check:volume',
    message: 'The check "volume" failed: Three were seen.',
  })
  expect(await effects(id)).toEqual([])
  const checks = (await events(id)).filter(({ type }) => type === 'check')
  expect(checks.map(({ data }) => data)).toEqual([
    {
      ...{ check: 'volume', severity: 'error', passed: false, attempt: 1 },
      ...{ values: { seen: 3 }, message: 'Three were seen.' },
    },
  ])
})

test('a failed check that only warns lets the run go on, and is in its events and result', async () => {
  const { complete, effects, events, row } = await runsOfOneKind()
  const id = await complete(
    defineRun(
      refresh(1, [
        { severity: 'warn', check: () => verdict(false) },
        { name: 'late', after: 'store', check: () => verdict(true) },
      ]),
    ),
  )
  expect(await effects(id)).toEqual(['store'])
  const found = { values: { seen: 3 }, message: 'Three were seen.' }
  const [volume, late] = [
    { severity: 'warn', passed: false, ...found },
    { severity: 'error', passed: true, ...found },
  ]
  expect((await row(id))?.result).toEqual({
    checks: [
      { name: 'volume', ...volume },
      { name: 'late', ...late },
    ],
  })
  const checks = (await events(id)).filter(({ type }) => type === 'check')
  expect(checks.map(({ data }) => data)).toEqual([
    { check: 'volume', attempt: 1, ...volume },
    { check: 'late', attempt: 1, ...late },
  ])
})

test('a run is compared with the latest one of its kind and tenant that completed', async () => {
  const { complete, enqueue, lease, attempt, row } = await runsOfOneKind()
  await complete(defineRun(refresh(50, [shrinking]))) // nothing before it
  await complete(defineRun(refresh(100, [shrinking])))
  const id = await enqueue()
  const job = await lease()
  const small = attempt(defineRun(refresh(79, [shrinking])), job)
  await expect(small).rejects.toThrow('at least 80 are expected: 80 % of the 100 before')
  const { result } = await attempt(defineRun(refresh(80, [{ ...shrinking, name: 'other' }])), {
    ...job,
    steps: [],
  })
  expect(result).toMatchObject({ checks: [{ name: 'other', values: { previous: null } }] })
  expect((await row(id))?.errors).toEqual([])
})

test('runs that failed, of other kinds and of other tenants are no measure', async () => {
  const { db, complete, kind, tenantId } = await runsOfOneKind()
  const other = await createTenant(db)
  const result = JSON.stringify({ checks: [{ name: 'volume', values: { count: 1_000 } }] })
  const put = (tenant: string, ofKind: string, status: string) =>
    db.execute(sql`
      insert into job_history (tenant_id, id, kind, status, result, steps)
      values (${tenant}, gen_random_uuid(), ${ofKind}, ${status}, ${result}::jsonb, '[{"name":"fetch"}]')`)
  await put(other.id, kind, 'completed')
  await put(tenantId, `${kind}.other`, 'completed')
  await put(tenantId, kind, 'dead')
  await complete(defineRun(refresh(1, [shrinking])))
  await put(tenantId, kind, 'completed')
  await expect(complete(defineRun(refresh(1, [shrinking])))).rejects.toThrow('at least 800')
})

test('what a check has answered is not asked again by a later attempt', async () => {
  const { enqueue, lease, attempt, takeBack } = await runsOfOneKind()
  await enqueue()
  let asked = 0
  const check: RunCheck['check'] = () => {
    asked += 1
    return verdict(asked === 1)
  }
  const plain = refresh(1, [{ check }])
  const [fetch] = plain.steps
  if (!fetch) throw new Error('no step')
  const stop = { name: 'store', run: () => Promise.reject(new Error('stop')) }
  const job = await lease()
  await expect(attempt(defineRun({ ...plain, steps: [fetch, stop] }), job)).rejects.toThrow()
  await takeBack(job)
  const { result } = await attempt(defineRun(plain), await lease())
  expect(result).toMatchObject({ checks: [{ name: 'volume', passed: true }] })
  expect(asked).toBe(1)
})

test('a check that breaks is a broken step, and may be tried again', async () => {
  const { enqueue, lease, attempt } = await runsOfOneKind()
  await enqueue()
  const check = () => Promise.reject(new Error('no answer'))
  const fault = await attempt(defineRun(refresh(1, [{ check }])), await lease()).catch((e) => e)
  expect(fault).toBeInstanceOf(StepBroken)
  expect(fault.step).toBe('check:volume')
})

const step = (name: string) => ({ name, run: async () => ({}) })
const check = (name: string, after?: string) => ({
  name,
  check: () => verdict(true),
  ...(after && { after }),
})

test.each<[string, RunDefinition<RunHost>]>([
  ['without steps', { steps: [] }],
  ['with two steps of one name', { steps: [step('a'), step('a')] }],
  ['with a step without a name', { steps: [step(' ')] }],
  ['with a name that the database cannot hold', { steps: [step('a\0b')] }],
  ['with a step named like a check', { steps: [step('check:a')] }],
  ['with a name that is too long', { steps: [step('a'.repeat(101))] }],
  ['with more steps than may be', { steps: Array.from({ length: 51 }, (_, n) => step(`${n}`)) }],
  ['with two checks of one name', { steps: [step('a')], checks: [check('b'), check('b')] }],
  ['with a check after no step', { steps: [step('a')], checks: [check('b', 'c')] }],
])('a run %s is refused where it is defined', (_, definition) => {
  expect(() => defineRun(definition)).toThrow()
})
