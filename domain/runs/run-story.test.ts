import { expect, test } from 'vitest'
import { type Handler, runsOfOneKind } from '../../test/fixtures/run.ts'
import { type Step, threeSteps } from '../../test/fixtures/run-steps.ts'
import { defineRun } from './run.ts'

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
