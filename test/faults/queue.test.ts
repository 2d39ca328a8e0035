import { beforeAll, expect, test } from 'vitest'
import {
  completeLate,
  exhaustPool,
  killServer,
  killWorkers,
  stopWorkers,
  terminateBackends,
} from './queue-faults.ts'
import { type Foreign, foreignPostgres } from './services.ts'

const reclaimMsMax = 5_000

let server: Foreign
beforeAll(async () => {
  server = await foreignPostgres()
})

const small = { hosts: 2, jobs: 20, leaseMs: 1_000, fed: { jobs: 5, workMs: 100 } }

test.each([
  ['kill -9 of workers', () => killWorkers(server, { ...small, times: 1 })],
  [
    'workers stopped for longer than their leases',
    () => stopWorkers(server, { ...small, times: 1 }),
  ],
  ['attempts that complete late', () => completeLate(server, { ...small, times: 1, jobs: 40 })],
  ['a storm of ended connections', () => terminateBackends(server, { ...small, times: 5 })],
  ['kill -9 of the server', () => killServer(server, { ...small, times: 1 })],
  ['too few connections', () => exhaustPool(server, { ...small, times: 1 })],
])('nothing that was acknowledged is lost or done twice: %s', async (_, rehearse) => {
  const ledger = await rehearse()
  expect(ledger).toMatchObject({ open: 0, dead: 0, lost: 0, twice: 0, zombie_accepted: 0 })
  expect(ledger.done).toBe(ledger.jobs)
  expect(ledger.reclaim_ms).toBeLessThanOrEqual(reclaimMsMax)
})
