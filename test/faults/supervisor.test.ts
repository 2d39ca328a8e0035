import { beforeAll, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { kill, type Stack, startStack } from '../harness/stack.ts'
import { change, copyCheckout } from './checkout.ts'
import { unlimited } from './kills.ts'
import { Load } from './load.ts'

const childrenEndMs = 5_000

let stack: Stack
let checkout: string
beforeAll(async () => {
  checkout = await copyCheckout()
  stack = await startStack({ checkout, settings: unlimited })
})

const isolates = async () =>
  Object.fromEntries(
    (await stack.processes())
      .filter(({ role, name }) => role === 'isolate' && name !== '')
      .map(({ name, pid }) => [name, pid]),
  )

test('deploying changed code under load replaces only its isolate and drops no request', async () => {
  const before = await isolates()
  const load = new Load(stack)
  await eventually('the load runs', async () => load.acknowledged > 20)
  change(checkout, 'functions/users/index.ts', 'There is nothing here.', 'Nobody is here.')
  const output = await stack.deploy()
  await load.stop()
  expect(load.failures).toEqual([])
  expect(await load.lost()).toEqual([])
  console.log(
    `fault=redeploy requests=${load.requests} acknowledged=${load.acknowledged} lost=0 ` +
      `failed=${load.failures.length} longest_ms=${load.longestMs}`,
  )
  const group = Object.keys(before).find((name) => name.split(',').includes('users')) ?? ''
  expect(output).toMatch(new RegExp(`isolates .* 1 replaced \\(${group}\\)`))
  await eventually(
    'the old one is gone',
    async () => {
      const names = (await stack.processes()).filter(({ role }) => role === 'isolate')
      return names.length === Object.keys(before).length
    },
    40_000,
  )
  const { [group]: replaced, ...others } = await isolates()
  expect(before).toMatchObject(others)
  expect(replaced).not.toBe(before[group])
  const reply = await stack.request(`/v1/users/${crypto.randomUUID()}`)
  expect(await reply.json()).toMatchObject({ detail: 'Nobody is here.' })
})

test('kill -9 of the supervisor ends all its children, and the next run repairs everything', async () => {
  const reply = await stack.request('/v1/documents', { method: 'POST', body: crypto.randomUUID() })
  const { id } = (await reply.json()) as { id: string }
  const pids = await stack.livingPids()
  expect(pids.length).toBeGreaterThan(5)
  kill(await stack.pidOf('supervisor'), 'SIGKILL')
  const killedAt = performance.now()
  await eventually('no child is left', () => stack.areGone(), childrenEndMs)
  const goneMs = Math.round(performance.now() - killedAt)
  const stopped = await stack.octavo('status')
  expect(stopped.code).toBe(3)
  const deployedAt = performance.now()
  await stack.deploy()
  await stack.becomes('ok')
  const repairedMs = Math.round(performance.now() - deployedAt)
  expect((await stack.request(`/v1/documents/${id}`)).status).toBe(200)
  console.log(`fault=supervisor children_gone_ms=${goneMs} repaired_ms=${repairedMs}`)
})
