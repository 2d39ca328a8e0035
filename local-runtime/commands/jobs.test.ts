import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { leaseJobs } from '../../db/system.ts'
import { setupJobs } from '../../test/fixtures/jobs-command.ts'
import { claimOf } from '../../test/harness/claims.ts'

test('without a name jobs are listed as a table, and as JSON for programs', async () => {
  const { tenant, kind, octavo, octavoProcess, dead, queue } = await setupJobs()
  const [deadId, id] = [await dead(), await queue()]
  const table = await octavoProcess('--kind', kind)
  expect(table).toMatchObject({ status: 0, stderr: '' })
  const [head, first, second, ...rest] = table.stdout.split('\n')
  expect(head).toMatch(/^ID +TENANT +KIND +STATUS +TRIES +AGE +WAITS FOR, RUNS IN, ENDED +ERROR$/)
  expect(first).toContain(`${id}  ${tenant.name}  ${kind}  queued    0/5`)
  expect(second).toMatch(new RegExp(`^${deadId} .* dead +1/1 .* ended \\d+s ago +boom$`))
  expect(rest).toEqual([''])
  const { items } = JSON.parse((await octavo('list', '--status', 'dead', '--json')).stdout)
  expect(items).toMatchObject([{ id: deadId, tenant: tenant.name, status: 'dead', attempts: 1 }])
})

test('where there are no jobs one sentence says so, and a tenant that is not there is named', async () => {
  const { tenant, octavo } = await setupJobs()
  expect(await octavo('--status', 'dead', '--tenant', tenant.name)).toMatchObject({
    status: 0,
    stdout: 'There are no dead jobs of this tenant.\n',
  })
  expect(await octavo('--tenant', 'nobody')).toEqual({
    status: 1,
    stdout: '',
    stderr: 'There is no tenant nobody.\n',
  })
})

test('an id that no job has ends with 1 and one sentence', async () => {
  const { octavo, octavoProcess } = await setupJobs()
  const id = uuidv7()
  for (const name of ['show', 'retry', 'cancel']) {
    const unknown = await octavo(name, id)
    expect(unknown).toEqual({ status: 1, stdout: '', stderr: `There is no job ${id}.\n` })
  }
  const { status, stderr } = await octavoProcess('show', 'x')
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: '"x" is no id of a job. See them by: octavo jobs\n',
  })
})

test('a dead job that is retried runs again, and the others that were named with it as well', async () => {
  const { db, tenant, kind, octavo, dead, queue } = await setupJobs()
  const [one, two, open] = [await dead(), await dead(), await queue()]
  const { status, stdout, stderr } = await octavo('retry', one, open, two, '--attempts', '2')
  expect(stdout).toBe(`Job ${one} is queued again.\nJob ${two} is queued again.\n`)
  expect(stderr).toBe(`Job ${open} has not ended yet.\n`)
  expect(status).toBe(1)
  const leased = await leaseJobs(db, claimOf(kind, { tenantId: tenant.id }))
  const again = leased.filter(({ id }) => id !== open)
  expect(again.map(({ id }) => id).sort()).toEqual([one, two].sort())
  expect(again[0]).toMatchObject({ attempts: 2, attemptsMax: 3 })
})

test('all dead jobs of a kind are retried at once, and no others', async () => {
  const { tenant, kind, octavo, dead, statusOf } = await setupJobs()
  const ids = [await dead(), await dead()]
  const other = await (await setupJobs()).dead()
  const { stdout } = await octavo('retry', '--dead', '--kind', kind)
  expect(stdout).toBe(`2 jobs of ${tenant.name} queued again.\n`)
  expect(await Promise.all(ids.map(statusOf))).toEqual(['queued', 'queued'])
  const rest = JSON.parse((await octavo('list', '--status', 'dead', '--json')).stdout)
  expect(rest.items.map(({ id }: { id: string }) => id)).toContain(other)
  expect((await octavo('retry', '--dead', '--kind', kind)).stdout).toBe(
    `There are no dead jobs of the kind ${kind}.\n`,
  )
})

test('a retry that says two things at once, or none, is refused in one sentence', async () => {
  const { octavo, dead, statusOf } = await setupJobs()
  const id = await dead()
  expect((await octavo('retry')).stderr).toMatch(/^Say which jobs, by their ids/)
  expect((await octavo('retry', id, '--dead')).stderr).toMatch(/^--dead goes with --kind/)
  expect((await octavo('retry', id, '--kind', 'x')).stderr).toBe('--kind goes with --dead.\n')
  expect((await octavo('retry', id, '--from-step', 'x')).stderr).toBe(
    `Job ${id} has no step "x".\n`,
  )
  expect(await statusOf(id)).toBe('dead')
})

test('a job that has not begun is cancelled at once, and one that has ended is not', async () => {
  const { octavo, queue, statusOf } = await setupJobs()
  const id = await queue()
  expect((await octavo('cancel', id)).stdout).toBe(`Job ${id} is cancelled.\n`)
  expect(await statusOf(id)).toBe('cancelled')
  const { status, stdout } = await octavo('cancel', id, '--json')
  expect({ status, ...JSON.parse(stdout) }).toEqual({
    status: 1,
    items: [{ id, done: false, sentence: `Job ${id} has ended already.` }],
  })
})

test('one job is shown with what it waits for, its errors and its events in order', async () => {
  const { octavo, dead, queue } = await setupJobs()
  const [before, deadId] = [await queue(), await dead()]
  const id = await queue({ dependsOn: [before] })
  const shown = (await octavo('show', id)).stdout
  expect(shown).toContain('status       waiting: waits for a job\n')
  expect(shown).toMatch(
    /why it waits\n {2}It waits for .*\n(.*\n)?.* It cannot be told when it begins: /,
  )
  expect(shown).toContain(`waits for\n  ${before}  queued\n`)
  expect((await octavo('show', before)).stdout).toContain(`others wait for it\n  ${id}  waiting\n`)
  const story = (await octavo('show', deadId)).stdout
  expect(story).toContain('errors\n  2026-11-20T08:00:00.000Z  attempt 1  boom: It broke.\n')
  expect(story).toMatch(/events\n.* enqueued .*\n.* dead .*code=boom/)
  const json = JSON.parse((await octavo('show', id, '--json')).stdout)
  expect(json).toMatchObject({ id, status: 'waiting', waits_for: [{ id: before }], payload: {} })
  expect(json.why.causes[0]).toMatchObject({ cause: 'dependency', data: { open: 1 } })
  expect(json.events).toMatchObject([{ type: 'enqueued' }])
})
