import { expect, onTestFinished, test } from 'vitest'
import { recordedLog } from '../../test/harness/log.ts'
import { startNodeChild } from './node-child.ts'
import { until } from './testing.ts'

const heartbeatMs = 1_000

/** A program that says `ready` and beats after it has run `first`. */
async function start(first: string) {
  const log = recordedLog()
  const source = `${first}
    setInterval(() => process.send({ type: 'beat', rssBytes: 1 }), 100)
    process.send({ type: 'ready', remark: null })`
  const child = await startNodeChild({
    ...{ program: process.execPath, args: ['-e', source], env: {}, onOutput: () => {} },
    ...{ name: 'any', readyMs: 20_000, stopMs: 0, heartbeatMs, rssBytesMax: 1e9, log },
  })
  onTestFinished(() => child.stop(0).then(() => {}))
  return { child, lines: log.lines }
}

const blocked = (ms: number) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}

test('a process that takes longer to start than it may be silent later is not killed for it', async () => {
  const { lines } = await start(`(${blocked})(${2 * heartbeatMs})`)
  expect(lines).toEqual([])
})

test('a process that falls silent once it serves is killed, and it is told why', async () => {
  const { child, lines } = await start(`setTimeout(${blocked}, 500, 600_000)`)
  await child.exited
  expect(lines).toMatchObject([
    { level: 'error', fields: { code: 'process_killed', pid: child.pid } },
  ])
})

test('a supervisor that was itself kept from listening blames nobody for its silence', async () => {
  const { child, lines } = await start('')
  blocked(2 * heartbeatMs)
  const heardAgain = () => child.silentMs !== undefined && child.silentMs() < 200
  await until('it is heard again', heardAgain)
  expect(lines).toEqual([])
})
