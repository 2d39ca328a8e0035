import { beforeAll, expect, test } from 'vitest'
import {
  completeLate,
  exhaustPool,
  killServer,
  killWorkers,
  stopWorkers,
  terminateBackends,
} from './queue-faults.ts'
import type { Ledger } from './queue-ledger.ts'
import { type Foreign, foreignPostgres } from './services.ts'

const reclaimMsMax = 5_000
const ledgers: Ledger[] = []

let server: Foreign
beforeAll(async () => {
  server = await foreignPostgres()
})

const large = { hosts: 3, jobs: 200, leaseMs: 4_000, fed: { jobs: 12, workMs: 200 } }

test.each([
  ['fifty workers killed', () => killWorkers(server, { ...large, times: 50 })],
  ['workers stopped ten times', () => stopWorkers(server, { ...large, times: 10 })],
  [
    '600 attempts that complete late',
    () => completeLate(server, { ...large, times: 1, jobs: 600 }),
  ],
  ['a storm of ended connections', () => terminateBackends(server, { ...large, times: 100 })],
  ['ten times kill -9 of the server', () => killServer(server, { ...large, times: 10 })],
  ['too few connections', () => exhaustPool(server, { ...large, times: 1, jobs: 300 })],
])('nothing that was acknowledged is lost or done twice: %s', async (_, rehearse) => {
  const ledger = await rehearse()
  ledgers.push(ledger)
  expect(ledger).toMatchObject({ open: 0, dead: 0, lost: 0, twice: 0, zombie_accepted: 0 })
  expect(ledger.done).toBe(ledger.jobs)
  expect(ledger.reclaim_ms).toBeLessThanOrEqual(reclaimMsMax)
})

test('these were at least 5,000 jobs and 500 stalled leases', () => {
  const sum = (of: (ledger: Ledger) => number) => ledgers.reduce((count, one) => count + of(one), 0)
  const [jobs, stalled] = [sum(({ jobs }) => jobs), sum((ledger) => ledger.lost_leases)]
  console.log(`fault=all jobs=${jobs} done=${sum(({ done }) => done)} stalled=${stalled}`)
  expect(jobs).toBeGreaterThanOrEqual(5_000)
  expect(stalled).toBeGreaterThanOrEqual(500)
})
