import { expect, test } from 'vitest'
import { codesOf, endsOf, enqueueKinds, poisonWorld, runOne } from '../../test/fixtures/poison.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { recordedLog } from '../../test/harness/log.ts'
import { Pressure } from './pressure.ts'

test.each([
  ['listens', 'poison.late'],
  ['hears nothing', 'poison.deaf'],
])('a job that runs too long fails as timeout, also when it %s', async (_, kind) => {
  const world = await poisonWorld()
  world.startWorker()
  const job = await runOne(world, kind, { attemptsMax: 1 })
  expect(job).toMatchObject({ status: 'dead', attempts: 1 })
  expect(codesOf(job)).toEqual(['timeout'])
})

test("a job's own time limit counts before that of its kind", async () => {
  const world = await poisonWorld()
  world.startWorker()
  const job = await runOne(world, 'good.waits', {
    runMsMax: 100,
    payload: { ms: 5_000 },
    attemptsMax: 1,
  })
  expect(codesOf(job)).toEqual(['timeout'])
})

test('under pressure a worker runs one job at a time, and says so once', async () => {
  const world = await poisonWorld()
  world.startWorker({ pressure: { rssBytesMax: 1, lagMsMax: 60_000 } })
  const pressed = () => world.logLines.filter(({ fields }) => fields.code === 'worker_pressure')
  await eventually('it is under pressure', async () => pressed().length > 0)
  await runOne(world, 'good.shared') // no claim of more places is under way any more
  const ids = await enqueueKinds(world, { 'good.counts': 10 })
  const ended = await endsOf(world, Object.values(ids).flat())
  expect(new Set(ended.map(({ result }) => result?.running))).toEqual(new Set([1]))
  expect(pressed()).toHaveLength(1)
})

const calm = { rssBytes: 50, lagMs: 1 }

function pressure() {
  const log = recordedLog()
  return { log, pressure: new Pressure({ rssBytesMax: 100, lagMsMax: 10 }, log) }
}

test.each([
  ['memory', { ...calm, rssBytes: 101 }, { ...calm, rssBytes: 95 }],
  ['a late event loop', { ...calm, lagMs: 11 }, { ...calm, lagMs: 9.5 }],
])('%s over its limit stops leasing until it is well below', (_, high, stillHigh) => {
  const { log, pressure: watched } = pressure()
  expect(watched.read(stillHigh)).toBe(false)
  expect(watched.allowed(8, 2)).toBe(8)
  expect(watched.read(high)).toBe(false)
  expect(watched.allowed(8, 2)).toBe(0)
  watched.read(stillHigh)
  expect(watched.allowed(8, 2)).toBe(0)
  expect(watched.read(calm)).toBe(true) // who waits is rung
  expect(watched.allowed(8, 2)).toBe(8)
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info'])
})

test('a worker that stays under pressure still runs one job at a time', () => {
  const { pressure: watched } = pressure()
  watched.read({ ...calm, rssBytes: 1_000 })
  expect([watched.allowed(8, 0), watched.allowed(8, 1), watched.allowed(0, 0)]).toEqual([1, 0, 0])
})
