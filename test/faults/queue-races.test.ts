import { beforeAll, expect, test } from 'vitest'
import { raceClaimers, recoverBehind } from './queue-claimers.ts'
import { type Limited, limitHosts } from './queue-limits.ts'
import { type Foreign, foreignPostgres } from './services.ts'

let server: Foreign
beforeAll(async () => {
  server = await foreignPostgres()
})

test('of sixteen claimers no two hold one job at once, and all jobs are done', async () => {
  const claims = await raceClaimers({ claimers: 16, jobs: 5_000 })
  expect(claims).toMatchObject({ done: 5_000, twice: 0 })
})

test('expired leases behind live ones are all taken back, and no live one', async () => {
  const outcome = await recoverBehind({ live: 200, expired: 2_000 })
  expect(outcome).toMatchObject({ taken_back: 2_000, still_live: 200 })
})

test.each<[Limited, boolean]>([
  ['kind', false],
  ['tenant and kind', true],
])(
  'a limit of three is never exceeded on two hosts, which are killed in turn: %s, set late: %s',
  async (limited, isLate) => {
    const { overlap, ledger } = await limitHosts(server, limited, {
      jobs: 70,
      hosts: 2,
      running: 3,
      isLate,
    })
    expect(overlap).toBe(3)
    expect(ledger).toMatchObject({ lost: 0, twice: 0, zombie_accepted: 0, open: 0, dead: 0 })
  },
)
