import { expect, test } from 'vitest'
import { bodyOf } from '../../test/harness/requests.ts'
import { setup } from '../../test/harness/setup.ts'
import { createApp } from './index.ts'

type Leased = { id: string; lease_token: string; attempt: number; payload: unknown }

test('a job goes from enqueue through lease, heartbeat and complete to its result', async () => {
  const { get, post } = await setup(createApp)
  const made = await post('/v1/jobs', { kind: 'reports.render', payload: { month: '2026-11' } })
  expect(made.status, await made.clone().text()).toBe(201)
  const { id } = await bodyOf<{ id: string }>(made)
  expect(made.headers.get('location')).toBe(`/v1/jobs/${id}`)
  const as = 'worker'
  const leased = await post('/v1/jobs/lease', { kinds: ['reports.render'], worker: 'w' }, { as })
  const { jobs } = await bodyOf<{ jobs: Leased[] }>(leased)
  expect(jobs).toMatchObject([{ id, attempt: 1, payload: { month: '2026-11' }, steps: [] }])
  const token = { lease_token: jobs[0]?.lease_token }
  const beat = await post(
    `/v1/jobs/${id}/heartbeat`,
    { ...token, progress: { done: 1, total: 2 }, log: ['one', 'two'] },
    { as },
  )
  expect(await bodyOf(beat)).toMatchObject({ cancel_requested: false })
  const done = await post(`/v1/jobs/${id}/complete`, { ...token, result: { pages: 3 } }, { as })
  expect(await bodyOf(done)).toMatchObject({ status: 'completed', result: { pages: 3 } })
  const again = await post(`/v1/jobs/${id}/complete`, token, { as })
  expect([again.status, await bodyOf(again)]).toMatchObject([409, { code: 'lease_lost' }])
  const job = await bodyOf(await get(`/v1/jobs/${id}`))
  expect(job).toMatchObject({ status: 'completed', steps: [], depends_on: [], leased_by: 'w' })
})
