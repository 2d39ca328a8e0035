import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { leaseJobs, leaseLimitedJobs } from '../../db/system.ts'
import { setupJobs } from '../../test/fixtures/jobs-command.ts'
import { claimOf } from '../../test/harness/claims.ts'

test('a limit of a kind is kept by the claims from then on, until it is cleared', async () => {
  const { db, tenant, kind, octavo, queue } = await setupJobs()
  for (let count = 0; count < 5; count += 1) await queue()
  const claim = claimOf(kind, { tenantId: tenant.id })
  expect((await octavo('limit', kind, '--max', '2')).stdout).toBe(`${kind}: at most 2 at once\n`)
  expect(await leaseJobs(db, claim)).toEqual([])
  expect(await leaseLimitedJobs(db, claim)).toHaveLength(2)
  expect((await octavo('limit', kind, '--clear')).stdout).toBe(`${kind}: no limit\n`)
  expect(await leaseJobs(db, claim)).toHaveLength(3)
})

test('a paused kind begins nothing until it is resumed, and keeps its limit and when it was paused', async () => {
  const { db, tenant, kind, octavo, queue } = await setupJobs()
  await queue()
  const claim = claimOf(kind, { tenantId: tenant.id })
  await octavo('limit', kind, '--max', '3')
  const paused = await octavo('limit', kind, '--pause')
  expect(paused.stdout).toMatch(new RegExp(`^${kind}: at most 3 at once, paused since 20.*Z\n$`))
  expect((await octavo('limit', kind, '--pause')).stdout).toBe(paused.stdout)
  expect([...(await leaseJobs(db, claim)), ...(await leaseLimitedJobs(db, claim))]).toEqual([])
  expect((await octavo('limit', kind, '--resume')).stdout).toBe(`${kind}: at most 3 at once\n`)
  expect(await leaseLimitedJobs(db, claim)).toHaveLength(1)
})

test('a tenant is limited alone, in one kind or in all kinds together', async () => {
  const { db, tenant, kind, octavo, queue } = await setupJobs()
  await queue()
  const name = ['--tenant', tenant.name]
  expect((await octavo('limit', kind, '--max', '4', ...name)).stdout).toBe(
    `${kind} of ${tenant.name}: at most 4 at once\n`,
  )
  const { stdout } = await octavo('limit', '*', '--pause', ...name, '--json')
  expect(JSON.parse(stdout).items).toMatchObject([
    { tenant_id: tenant.id, kind: '*', running_max: null, paused_at: expect.any(String) },
  ])
  const claim = claimOf(kind, { tenantId: tenant.id })
  expect(await leaseLimitedJobs(db, claim)).toEqual([])
  const listed = (await octavo('limit', ...name)).stdout.split('\n')
  expect(listed).toHaveLength(3)
  expect(listed[0]).toMatch(new RegExp(`^all kinds of ${tenant.name}: paused since`))
  await octavo('limit', '*', '--resume', ...name)
  expect((await octavo('limit', '*', ...name)).stdout).toBe('*: no limit\n')
})

test('a kind that nobody knows is limited all the same, with a remark; what makes no sense is refused', async () => {
  const { octavo, tenant } = await setupJobs()
  const kind = `mistyped-${uuidv7()}`
  const { status, stderr } = await octavo('limit', kind, '--max', '1')
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr: `At the moment no worker asks for ${kind}, and no job is of that kind.\n`,
  })
  await octavo('limit', kind, '--clear')
  const refusal = async (...args: string[]) => (await octavo('limit', ...args)).stderr
  expect(await refusal('--max', '1')).toMatch(/^Say which kind of jobs/)
  expect(await refusal('*', '--pause')).toBe(
    "'*' stands for all kinds of one tenant: say --tenant.\n",
  )
  expect(await refusal(kind, '--pause', '--resume')).toBe('Either --pause or --resume.\n')
  expect(await refusal(kind, '--clear', '--max', '2')).toMatch(/^--clear removes the whole limit/)
  expect((await octavo('limit', '--tenant', tenant.name)).stdout).toBe('There are no limits.\n')
})
