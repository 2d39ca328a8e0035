import { expect, onTestFinished, test } from 'vitest'
import { startChild, stopChild } from './child.ts'
import { until } from './testing.ts'

const channel = new URL('./channel.ts', import.meta.url).href

/** A program of ours that is never drained; it says how often it was asked to end. */
async function startDraining() {
  const source = `import { reportToSupervisor } from '${channel}'
    process.on('SIGTERM', () => console.log('asked'))
    reportToSupervisor({ isDrained: () => new Promise(() => {}) })`
  const child = await startChild({
    program: process.execPath,
    args: ['--input-type=module', '-e', source],
    env: {},
    onOutput: () => {},
  })
  onTestFinished(() => stopChild(child, 'SIGKILL', 0))
  await new Promise((resolve) => child.process.once('message', resolve)) // ready
  return child
}

const asked = (child: Awaited<ReturnType<typeof startDraining>>) =>
  child.tail().match(/asked/g)?.length ?? 0

test('a second signal ends a process at once that still finishes what it does', async () => {
  const child = await startDraining()
  child.process.kill('SIGTERM')
  await until('it drains', () => asked(child) === 1)
  child.process.kill('SIGTERM')
  expect(await child.exited).toEqual({ code: 1, signal: null })
})

test('whoever asks a draining process to end again only shortens its time', async () => {
  const child = await startDraining()
  void stopChild(child, 'SIGTERM', 600_000)
  await until('it drains', () => asked(child) === 1)
  await stopChild(child, 'SIGTERM', 50)
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
  expect(asked(child)).toBe(1)
})
