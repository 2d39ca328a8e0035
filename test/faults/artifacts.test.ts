import { beforeAll, expect, test } from 'vitest'
import { sha256Of } from '../fixtures/artifacts.ts'
import { kill, type Stack, startStack } from '../harness/stack.ts'
import {
  appendRest,
  contentNow,
  contentOf,
  createArtifact,
  follow,
  versionBecomes,
  versionOf,
} from './artifacts.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})

const kills = 3

test('an append whose isolate is killed goes on from what is stored, and the same bytes are read', async () => {
  const content = contentOf(400_000)
  const { id } = await createArtifact(stack, {})
  const followed = follow(stack, id)
  for (let time = 0; time < kills; time += 1) {
    const { size_bytes: before } = await versionOf(stack, id)
    const sent = appendRest(stack, id, content)
    await versionBecomes(stack, id, ({ size_bytes: size }) => size > before + 20_000)
    kill(await stack.pidOf('isolate', 'artifacts'), 'SIGKILL')
    expect(await sent).toBe(false)
    const stored = await contentNow(stack, id).catch(() => contentNow(stack, id))
    expect(content.subarray(0, stored.byteLength).equals(stored)).toBe(true)
  }
  expect(await appendRest(stack, id, content)).toBe(true)
  expect((await versionOf(stack, id)).sha256).toBe(await sha256Of(content))
  const { bytes, resets, connections } = await followed
  console.log(`append with kills=${kills} bytes=${content.byteLength} connections=${connections}`)
  expect(bytes.equals(content)).toBe(true)
  expect(resets).toEqual([])
}, 120_000)

test('a generation whose worker is killed goes on, with the same bytes for whoever follows', async () => {
  const prompt = 'Tell me of the quick brown fox, 字 by 字. '.repeat(90)
  const undisturbed = await createArtifact(stack, { generate: { prompt } })
  const { sha256 } = await versionBecomes(
    stack,
    undisturbed.id,
    ({ status }) => status === 'completed',
  )
  const { id } = await createArtifact(stack, { generate: { prompt } })
  const followed = follow(stack, id)
  await versionBecomes(stack, id, ({ size_bytes: size }) => size > 1_000)
  kill(await stack.pidOf('worker'), 'SIGKILL')
  const version = await versionBecomes(stack, id, ({ status }) => status !== 'streaming')
  expect(version).toMatchObject({ status: 'completed', sha256, epoch: 0 })
  const run = await stack.request(`/v1/jobs/${version.job_id}`)
  expect(await run.json()).toMatchObject({ status: 'completed', attempts: 2 })
  const { bytes, resets } = await followed
  expect(await sha256Of(bytes)).toBe(sha256)
  expect(resets).toEqual([])
}, 120_000)
