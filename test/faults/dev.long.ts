import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { onFileEnd } from '../harness/database.ts'
import { eventually } from '../harness/eventually.ts'
import { kill, newStack, type Stack } from '../harness/stack.ts'
import { change, copyCheckout } from './checkout.ts'

const file = 'functions/users/index.ts'
const rounds = 6

let stack: Stack
let checkout: string
let printed = ''

beforeAll(async () => {
  checkout = await copyCheckout()
  stack = await newStack({ checkout })
  const program = join(checkout, 'local-runtime/main.ts')
  const dev = spawn(process.execPath, [program, 'dev'], {
    cwd: checkout,
    // As `npm run dev` has it.
    env: { ...stack.env, GOGC: '400' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onFileEnd(() => void kill(dev.pid ?? 0, 'SIGKILL'))
  for (const stream of [dev.stdout, dev.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString()
    })
  await eventually('it watches', async () => printed.includes('watching'), 60_000)
})

const detail = async () => {
  const reply = await stack.request(`/v1/users/${crypto.randomUUID()}`)
  return ((await reply.json()) as { detail: string }).detail
}

test('a changed function is replaced while one edits, and its neighbours are not', async () => {
  const times: number[] = []
  const others = async () =>
    (await stack.processes()).filter(({ name }) => name !== 'users,keys').map(({ pid }) => pid)
  const before = await others()
  let shown = 'There is nothing here.'
  for (let round = 1; round <= rounds; round += 1) {
    const next = `Nothing, said for the time ${round}.`
    const changedAt = performance.now()
    change(checkout, file, shown, next)
    await eventually('the new code answers', async () => (await detail()) === next)
    times.push(Math.round(performance.now() - changedAt))
    shown = next
  }
  console.log(`dev replaced_ms=${times.join(',')}`)
  expect(printed).toMatch(/^replaced users,keys in \d+ ms$/m)
  expect(await others()).toEqual(before)
})

test('code that does not build is shown with its place, and what ran before serves on', async () => {
  const before = await detail()
  printed = ''
  change(checkout, file, 'export const createApp =', 'export const createApp = = ')
  await eventually('the fault is shown', async () =>
    /functions\/users\/index\.ts:\d+:\d+/.test(printed),
  )
  expect(printed).toContain('What ran before serves on.')
  expect(await detail()).toBe(before)
  change(checkout, file, 'export const createApp = = ', 'export const createApp =')
  printed = ''
  change(checkout, file, before, 'Mended.')
  await eventually('it is replaced again', async () => (await detail()) === 'Mended.')
})

test('code that builds and cannot be loaded is shown with its reason, and what ran before serves on', async () => {
  printed = ''
  const pid = await stack.pidOf('isolate', 'users')
  const broken = "throw new Error('on load')\nexport const createApp ="
  change(checkout, file, 'export const createApp =', broken)
  const reason = /users cannot be loaded: Error: on load \(functions\/users\/index\.ts:\d+:\d+\)/
  await eventually('it is shown', async () => reason.test(printed))
  const { code, output } = await stack.octavo('deploy', '--no-smoke')
  expect(code).toBe(1)
  expect(output).toMatch(reason)
  expect(await stack.pidOf('isolate', 'users')).toBe(pid)
  expect((await stack.request('/v1/users/me')).status).toBe(200)
  const openapi = await (await stack.request('/openapi.json')).text()
  expect(openapi).toContain('/v1/users/me')
  change(checkout, file, broken, 'export const createApp =')
  change(checkout, file, 'Mended.', 'Mended again.')
  await eventually('it is replaced', async () => (await detail()) === 'Mended again.')
})

test('at a first start the reason is told too, and all but the broken function serve', async () => {
  await stack.octavo('stop')
  const broken = "throw new Error('on load')\nexport const createApp ="
  change(checkout, file, 'export const createApp =', broken)
  expect(await stack.deploy()).toMatch(
    /cannot be loaded and answer 503: users \(Error: on load \(functions\/users\/index\.ts:\d+:\d+\)\)/,
  )
  const refused = await stack.request('/v1/users/me')
  expect(refused.status).toBe(503)
  expect(refused.headers.get('content-type')).toBe('application/problem+json')
  expect((await stack.request('/v1/keys?limit=1')).status).toBe(200)
})
