import { beforeAll, expect, test } from 'vitest'
import { raceClaimers, recoverBehind } from './queue-claimers.ts'
import { type Limited, limitHosts } from './queue-limits.ts'
import { type Foreign, foreignPostgres } from './services.ts'

let server: Foreign
beforeAll(async () => {
  server = await foreignPostgres()
})

test('of 64 claimers no two hold one of 100,000 jobs at once, and all jobs are done', async () => {
  const claims = await raceClaimers({ claimers: 64, jobs: 100_000 })
  expect(claims).toMatchObject({ done: 100_000, twice: 0 })
})

test('10,000 expired leases behind 1,000 live ones are all taken back, and no live one', async () => {
  const outcome = await recoverBehind({ live: 1_000, expired: 10_000 })
  expect(outcome).toMatchObject({ taken_back: 10_000, still_live: 1_000 })
})

test.each<[Limited, boolean]>([
  ['kind', false],
  ['tenant', false],
  ['tenant and kind', false],
  ['kind', true],
  ['tenant', true],
  ['tenant and kind', true],
])(
  'a limit of three is never exceeded on four hosts, which are killed in turn: %s, set late: %s',
  async (limited, isLate) => {
    const { overlap, ledger } = await limitHosts(server, limited, {
      jobs: 400,
      hosts: 4,
      running: 3,
      isLate,
    })
    expect(overlap).toBe(3)
    expect(ledger).toMatchObject({ lost: 0, twice: 0, zombie_accepted: 0, open: 0, dead: 0 })
  },
)
