import { expect, test } from 'vitest'
import { codesOf, endsOf, enqueueKinds, poisonWorld } from '../../test/fixtures/poison.ts'

const attemptsMax = 3

test('poison jobs end in the dead letter after all their attempts, and hurt no other job', async () => {
  const world = await poisonWorld()
  const codes: Record<string, string> = {
    'poison.throw': 'internal',
    'poison.nul': 'invalid_result',
    'poison.surrogate': 'invalid_result',
    'poison.circular': 'invalid_result',
    'poison.exit': 'exit',
    'poison.kill': 'exit',
    'poison.reject': 'exit',
    'poison.loop': 'timeout',
    'poison.heap': 'out_of_memory',
    'poison.buffers': 'out_of_memory',
  }
  const kinds = Object.keys(codes)
  const one = Object.fromEntries(kinds.map((kind) => [kind, 1]))
  const bad = await enqueueKinds(world, one, { attemptsMax })
  const good = await enqueueKinds(world, { 'good.shared': 100, 'good.heavy': 10 })
  world.startWorker()
  const dead = await endsOf(world, Object.values(bad).flat())
  expect(dead.map(({ kind, status, attempts }) => ({ kind, status, attempts }))).toEqual(
    expect.arrayContaining(kinds.map((kind) => ({ kind, status: 'dead', attempts: attemptsMax }))),
  )
  expect(Object.fromEntries(dead.map((job) => [job.kind, codesOf(job)]))).toEqual(
    Object.fromEntries(kinds.map((kind) => [kind, Array(attemptsMax).fill(codes[kind])])),
  )
  const done = await endsOf(world, Object.values(good).flat())
  const faults = done.filter(({ status, attempts }) => status !== 'completed' || attempts !== 1)
  expect(faults).toEqual([])
})
