import { expect, test } from 'vitest'
import type { Db, Tx } from '../../db/client.ts'
import { runsOfOneKind } from '../../test/fixtures/run.ts'
import { counted, leaveRow, type Step, threeSteps } from '../../test/fixtures/run-steps.ts'
import { completeJob } from '../jobs/lease.ts'
import { JobMoot, LeaseLost, StepBroken } from '../jobs/outcome.ts'
import { cancelJob } from '../jobs/queue.ts'
import { defineRun } from './run.ts'

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
