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
    env: stack.env,
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

test('code that builds and cannot be loaded is named, and takes down its own function alone', async () => {
  printed = ''
  const broken = "throw new Error('on load')\nexport const createApp ="
  change(checkout, file, 'export const createApp =', broken)
  await eventually('it is named', async () =>
    printed.includes('cannot be loaded and answer 503: users'),
  )
  await eventually(
    'it answers 503',
    async () => (await stack.request('/v1/users/me')).status === 503,
  )
  expect((await stack.request('/v1/keys?limit=1')).status).toBe(200)
  change(checkout, file, broken, 'export const createApp =')
  await eventually('it is back', async () => (await stack.request('/v1/users/me')).status === 200)
})
