import { beforeAll, expect, test } from 'vitest'
import { kill, type Stack, startStack } from '../harness/stack.ts'
import { batchBecomes, createBatch, itemsOf, runsOf, uploadFiles } from './batches.ts'

const damaged = [4, 18, 31, 47, 62, 80, 99]

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})

// A hundred readers start one after the other.
const testMs = 120_000

test(
  'a batch of 100 documents with 7 damaged goes on after kill -9 of the worker, and does none again',
  async () => {
    const ids = await uploadFiles(stack, { count: 100, damaged })
    const beganAt = performance.now()
    const { id } = await createBatch(stack, { operation: 'extract', document_ids: ids })
    await batchBecomes(stack, id, ({ counts }) => counts.completed >= 30)
    kill(await stack.pidOf('worker'), 'SIGKILL')
    const before = await itemsOf(stack, id, 'completed')
    const { status, counts } = await batchBecomes(stack, id, (batch) => batch.status !== 'running')
    console.log(`batch of 100: ms=${Math.round(performance.now() - beganAt)}`)
    expect(status).toBe('completed')
    const open = { queued: 0, running: 0, cancelled: 0 }
    expect(counts).toEqual({ total: 100, completed: 93, failed: 7, ...open })
    const items = await itemsOf(stack, id)
    expect(items.map((item) => item.document_id)).toEqual(ids)
    const failed = items.filter((item) => item.status === 'failed')
    expect(failed.map(({ position, error }) => [position, error?.code])).toEqual(
      damaged.map((position) => [position, 'damaged']),
    )
    expect(before.length).toBeGreaterThanOrEqual(30)
    expect(before.length).toBeLessThan(93)
    for (const item of before) expect(items[item.position]).toEqual(item)
    const runs = new Map((await runsOf(stack, id)).map((run) => [run.id, run]))
    expect([...runs.keys()].sort()).toEqual(items.map((item) => item.job_id).sort())
    expect(before.filter((item) => runs.get(item.job_id ?? '')?.attempts !== 1)).toEqual([])
  },
  testMs,
)
