import { expect, test } from 'vitest'
import { startStack } from '../harness/stack.ts'
import { unlimited } from './kills.ts'
import { Load } from './load.ts'

test('two stacks run side by side, and the end of one leaves the other alone', async () => {
  const [one, other] = [
    await startStack({ settings: unlimited }),
    await startStack({ settings: unlimited }),
  ]
  const pids = async () => (await other.processes()).map(({ pid }) => pid)
  const before = await pids()
  const load = new Load(other)
  const upload = { method: 'POST', body: crypto.randomUUID() }
  const { id } = (await (await one.request('/v1/documents', upload)).json()) as { id: string }
  expect((await other.request(`/v1/documents/${id}`)).status).toBe(404)
  const stopped = await one.run('./deploy-local.sh', ['stop'])
  expect(stopped.code, stopped.output).toBe(0)
  expect(await one.areGone()).toBe(true)
  await one.deploy()
  const reset = await one.run('./deploy-local.sh', ['reset', '--yes'])
  expect(reset.code, reset.output).toBe(0)
  await load.stop()
  console.log(`fault=other-stack-stopped requests=${load.requests} failed=${load.failures.length}`)
  expect(load.failures).toEqual([])
  expect(await load.lost()).toEqual([])
  expect(await pids()).toEqual(before)
})
