import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import {
  assertPortIsFree,
  endingWithUs,
  findProgram,
  poll,
  runToEnd,
  ServiceError,
  startChild,
} from './process.ts'

const node = (source: string, ...args: string[]) => ({
  program: process.execPath,
  args: ['-e', source, ...args],
})

test('a program that is missing is named in one sentence', async () => {
  const missing = startChild({ program: '/nowhere/redis-server', args: [] })
  await expect(missing).rejects.toThrow(
    new ServiceError('/nowhere/redis-server cannot be started (ENOENT).'),
  )
})

test('a program that does not end in time is killed', async () => {
  const endless = runToEnd(node('setInterval(() => {}, 1000)'), { timeoutMs: 200 })
  await expect(endless).rejects.toThrow('did not end within 0.2 s')
})

test('what a program writes and takes goes through pipes', async () => {
  const echo = node('process.stdin.pipe(process.stdout)')
  const { code, output } = await runToEnd(echo, { timeoutMs: 10_000, input: 'through' })
  expect([code, output]).toEqual([0, 'through'])
})

test('a program that never reads its input is judged by its exit', async () => {
  const deaf = node('process.exit(7)')
  const { code } = await runToEnd(deaf, { timeoutMs: 10_000, input: 'x'.repeat(1_000_000) })
  expect(code).toBe(7)
})

test('a child that ignores a signal gets the next one, and SIGKILL in the end', async () => {
  const source =
    "process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)"
  const child = await startChild(node(source))
  await poll(() => child.tail().includes('ready'), { timeoutMs: 10_000 })
  expect(await child.stop(['SIGTERM', 50])).toEqual({ code: null, signal: 'SIGKILL' })
  expect(child.hasExited()).toBe(true)
})

test('stopping what has ended already tells how it ended', async () => {
  const child = await startChild(node('process.exit(3)'))
  await child.exited
  expect(await child.stop(['SIGTERM', 50])).toEqual({ code: 3, signal: null })
})

test('services get no variable that holds a secret of ours', async () => {
  process.env.DATABASE_PASSWORD = 'hunter2'
  try {
    const { output } = await runToEnd(node('console.log(JSON.stringify(process.env))'), {
      timeoutMs: 10_000,
    })
    expect(Object.keys(JSON.parse(output))).toContain('PATH')
    expect(output).not.toContain('hunter2')
  } finally {
    delete process.env.DATABASE_PASSWORD
  }
})

test('a child dies with the process that started it, also when that is killed', async () => {
  if (findProgram('setpriv') === null) return
  const sleeper = endingWithUs(node('setInterval(() => {}, 1000)'), 'KILL')
  const source = `const { program, args } = JSON.parse(process.argv[1])
const { pid } = require('node:child_process').spawn(program, args)
console.log('child', pid, 'end')
setInterval(() => {}, 1000)`
  const parent = await startChild(node(source, JSON.stringify(sleeper)))
  const pid = await poll(() => Number(/child (\d+) end/.exec(parent.tail())?.[1] ?? 0) || null, {
    timeoutMs: 10_000,
  })
  // Only when setpriv has become the program does the death of its parent reach it.
  const isReplaced = async () => (await commandOf(pid)).startsWith(process.execPath)
  expect(await poll(isReplaced, { timeoutMs: 10_000 })).toBe(true)
  await parent.stop(['SIGKILL', 5000])
  expect(await poll(() => !isAlive(pid), { timeoutMs: 5000 })).toBe(true)
})

test('a taken port is named with what wanted it and what to do', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const wanted = assertPortIsFree('Redis', port)
  await expect(wanted).rejects.toThrow(
    `Port ${port} on 127.0.0.1, wanted for Redis, is taken by another program`,
  )
  await new Promise((resolve) => server.close(resolve))
  await assertPortIsFree('Redis', port)
})

test('polling gives up at its deadline', async () => {
  expect(await poll(() => false, { timeoutMs: 30, intervalMs: 5 })).toBeNull()
  expect(await poll(() => 'answer', { timeoutMs: 0 })).toBe('answer')
})

async function commandOf(pid: number | null): Promise<string> {
  const { output } = await runToEnd(
    { program: 'cat', args: [`/proc/${pid}/cmdline`] },
    { timeoutMs: 5000 },
  )
  return output
}

function isAlive(pid: number | null): boolean {
  try {
    return process.kill(pid ?? 0, 0)
  } catch {
    return false
  }
}
