import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import type { Db, Tx } from '../../db/client.ts'
import { type Handler, runsOfOneKind } from '../../test/fixtures/run.ts'
import { completeJob, failJob } from '../jobs/lease.ts'
import { JobFailure, JobMoot, LeaseLost, StepBroken } from '../jobs/outcome.ts'
import { cancelJob } from '../jobs/queue.ts'
import { redriveJob } from '../jobs/redrive.ts'
import type { RunStep, StepContext, StepResult } from './definition.ts'
import { defineRun } from './run.ts'

type Step = RunStep<StepContext['host']>

/** A step that leaves a row behind, and passes on what the steps before it gave. */
const counted = (name: string, more: Partial<StepResult> = {}): Step => ({
  name,
  run: async ({ job, outputs, log }) => {
    log(`in ${name}`)
    return {
      output: [...Object.keys(outputs), name],
      effect: (tx) => leaveRow(tx, job.id, name),
      ...more,
    }
  },
})

async function leaveRow(tx: Tx | Db, jobId: string, step: string): Promise<void> {
  await tx.execute(sql`insert into effects (job_id, step) values (${jobId}, ${step})`)
}

const failing = (name: string, error: Error): Step => ({
  name,
  run: async () => {
    throw error
  },
})

const threeSteps = () => defineRun({ steps: [counted('one'), counted('two'), counted('three')] })

class Killed extends Error {}

/** A process that is killed before its n-th statement, transactions' ends counted as one: it sends nothing more. */
function killedAfter(db: Db, statements: number): Db {
  let left = statements
  const live = () => {
    left -= 1
    if (left < 0) throw new Killed()
  }
  const wrap = <T extends Db | Tx>(target: T): T =>
    Object.assign(Object.create(target), {
      async execute(query: Parameters<Db['execute']>[0]) {
        live()
        return target.execute(query)
      },
      async transaction(work: (tx: Tx) => Promise<unknown>) {
        const value = await target.transaction(async (tx) => {
          const inner = await work(wrap(tx))
          live() // before the commit
          return inner
        })
        live() // after it
        return value
      },
    })
  return wrap(db)
}

test('wherever a run of three steps is killed, each step takes effect exactly once', async () => {
  const { db, enqueue, lease, takeBack, attempt, effects, row } = await runsOfOneKind()
  const kills: number[] = []
  for (let statements = 0, isKilled = true; isKilled; statements += 1) {
    const id = await enqueue()
    const killed = await lease()
    const outcome = attempt(threeSteps(), killed, { db: killedAfter(db, statements) })
    isKilled = await outcome.then(() => false).catch((err) => err instanceof Error)
    if (isKilled) kills.push(statements)
    await takeBack(killed)
    const next = await lease()
    const { result } = await attempt(threeSteps(), next)
    await db.transaction((tx) => completeJob(tx, next, result))
    expect([statements, await effects(id)]).toEqual([statements, ['one', 'three', 'two']])
    const steps: { name: string; output: unknown }[] = (await row(id))?.steps
    expect(steps.map(({ name, output }) => [name, output])).toEqual([
      ['one', ['one']],
      ['two', ['one', 'two']],
      ['three', ['one', 'two', 'three']],
    ])
  }
  expect(kills.length).toBeGreaterThan(15)
})

test('a step’s effect and its record are seen together or not at all', async () => {
  const { enqueue, lease, attempt, effects, row, db } = await runsOfOneKind()
  const id = await enqueue()
  const seen: unknown[] = []
  const look = async () => seen.push([await effects(id), (await row(id))?.steps.length])
  const effect = async (tx: Tx) => {
    await leaveRow(tx, id, 'one')
    await look()
    throw new Error('killed before the record')
  }
  const job = await lease()
  const handler = defineRun({ steps: [counted('one', { effect })] })
  await expect(attempt(handler, job)).rejects.toThrow(StepBroken)
  await look()
  await attempt(defineRun({ steps: [counted('one')] }), job, { db })
  await look()
  expect(seen).toEqual([
    [[], 0],
    [[], 0],
    [['one'], 1],
  ])
})

test('whose lease went to another writes no effect, no record and no line any more', async () => {
  const { enqueue, lease, takeBack, attempt, effects, events, row } = await runsOfOneKind()
  const id = await enqueue()
  const stale = await lease()
  const handler = defineRun({
    steps: [
      {
        name: 'one',
        run: async ({ job, log }) => {
          await takeBack(stale)
          await lease()
          log('from the grave')
          return { effect: (tx: Tx) => leaveRow(tx, job.id, 'one') }
        },
      },
    ],
  })
  await expect(attempt(handler, stale)).rejects.toThrow(LeaseLost)
  await expect(attempt(threeSteps(), stale)).rejects.toThrow(LeaseLost)
  expect(await effects(id)).toEqual([])
  expect((await row(id))?.steps).toEqual([])
  expect((await events(id)).map(({ type }) => type)).toEqual([
    ...['enqueued', 'started', 'step', 'lease_lost', 'started'],
  ])
})

test('a lease that is lost while the result is on its way refuses the effect', async () => {
  const { enqueue, lease, takeBack, attempt, effects, db } = await runsOfOneKind()
  const id = await enqueue()
  const stale = await lease()
  const late = Object.assign(Object.create(db), {
    async transaction(work: (tx: Tx) => Promise<unknown>) {
      await takeBack(stale)
      return db.transaction(work)
    },
  })
  await expect(attempt(threeSteps(), stale, { db: late })).rejects.toThrow(LeaseLost)
  expect(await effects(id)).toEqual([])
})

test('a cancel that was asked for keeps the next effect back', async () => {
  const { db, tenantId, enqueue, lease, attempt, effects } = await runsOfOneKind()
  const id = await enqueue()
  const job = await lease()
  await db.transaction((tx) => cancelJob(tx, { tenantId, id }))
  await expect(attempt(threeSteps(), job)).rejects.toThrow(JobMoot)
  expect(await effects(id)).toEqual([])
})

test('an attempt that is told to stop passes on why, and blames no step', async () => {
  const { enqueue, lease, attempt, effects, events } = await runsOfOneKind()
  const id = await enqueue()
  const stop = new AbortController()
  const slow = counted('one')
  const run: Step['run'] = (context) => {
    stop.abort(new JobMoot())
    return slow.run(context)
  }
  const attempted = attempt(defineRun({ steps: [{ name: 'one', run }] }), await lease(), {
    signal: stop.signal,
  })
  await expect(attempted).rejects.toThrow(JobMoot)
  expect(await effects(id)).toEqual([])
  expect((await events(id)).map(({ data }) => data.state)).not.toContain('failed')
})

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

const listen: Handler = defineRun({
  steps: [
    {
      name: 'one',
      run: async ({ log }) => {
        for (let line = 1; line <= 2_500; line += 1) log(`line ${line}`)
        log('last', 'error')
        return {}
      },
    },
  ],
})

test('a flood of lines is stored up to a thousand, in order, and the rest is counted', async () => {
  const { complete, events } = await runsOfOneKind()
  const logs = (await events(await complete(listen))).filter(({ type }) => type === 'log')
  expect(logs).toHaveLength(1_001)
  const messages = logs.map(({ data }) => data.message)
  expect(messages.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, n) => `line ${n + 1}`))
  expect(logs[0]?.data).toEqual({ step: 'one', level: 'info', message: 'line 1', attempt: 1 })
  expect(logs.at(-1)?.data).toMatchObject({ level: 'warn', dropped: 1_501 })
})

test('a line is cut to what is kept of it, and stored whatever it holds', async () => {
  const { complete, events } = await runsOfOneKind()
  const run: Step['run'] = async ({ log }) => {
    log('y'.repeat(100_000))
    log('a\0b\ud800')
    return {}
  }
  const id = await complete(defineRun({ steps: [{ name: 'one', run }] }))
  const logs = (await events(id)).filter(({ type }) => type === 'log')
  const lines = logs.map(({ data }) => data.message)
  expect(lines).toEqual(['y'.repeat(2_000), 'a\uFFFDb\uFFFD'])
})

test('a run tells its story in order', async () => {
  const { complete, events } = await runsOfOneKind()
  const story = await events(await complete(threeSteps()))
  const words = story.map(({ type, data }) => {
    const { step, state, message } = data
    return [type, message ?? step, state].filter(Boolean).join(' ')
  })
  const ofStep = (name: string) => [
    ...[`step ${name} started`, `log in ${name}`, `step ${name} finished`],
  ]
  expect(words).toEqual([
    ...['enqueued', 'started', ...['one', 'two', 'three'].flatMap(ofStep), 'completed'],
  ])
})

test('a line can be read while its step still runs', async () => {
  const { enqueue, lease, attempt, events } = await runsOfOneKind()
  const id = await enqueue()
  const logged = async () => (await events(id)).some(({ type }) => type === 'log')
  const run: Step['run'] = async ({ log }) => {
    log('now')
    await expect.poll(logged).toBe(true)
    return {}
  }
  await attempt(defineRun({ steps: [{ name: 'one', run }] }), await lease())
})
