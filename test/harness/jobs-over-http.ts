import { createApp } from '../../functions/jobs/index.ts'
import { bodyOf, type RequestOptions } from './requests.ts'
import { type SetupOptions, setup } from './setup.ts'

export type Job = {
  id: string
  status: string
  attempts: number
  version: number
  cancel_requested: boolean
  progress: { done: number; total: number | null }
  result: unknown
  errors: { code: string; message: string; attempt: number }[]
  leased_by: string | null
}

export type Leased = {
  id: string
  kind: string
  lease_token: string
  lease_expires_at: string
  attempt: number
  payload: Record<string, unknown>
}

export type Problem = {
  code: string
  detail: string
  hint?: string
  errors?: { in: string; pointer: string; code: string; detail: string }[]
}

export const kind = 'reports.render'

/** The routes of this function with the requests of a worker and of those who give it work. */
export async function setupJobs(options: SetupOptions = {}) {
  const bundle = await setup(createApp, options)
  const { get, post, request, tenant } = bundle
  const asWorker = (more: RequestOptions = {}): RequestOptions => ({ as: 'worker', ...more })
  const enqueue = async (more: Record<string, unknown> = {}) => {
    const response = await post('/v1/jobs', { kind, ...more })
    if (!response.ok) throw new Error(await response.text())
    return bodyOf<Job>(response)
  }
  const lease = async (more: Record<string, unknown> = {}) => {
    const response = await post(
      '/v1/jobs/lease',
      { kinds: [kind], worker: 'w', ...more },
      asWorker(),
    )
    if (!response.ok) throw new Error(await response.text())
    return (await bodyOf<{ jobs: Leased[] }>(response)).jobs
  }
  const leaseOne = async (more: Record<string, unknown> = {}): Promise<Leased> => {
    const [job] = await lease(more)
    if (!job) throw new Error('nothing was leased')
    return job
  }
  return {
    ...bundle,
    enqueue,
    lease,
    leaseOne,
    /** A request for leases that its caller can give up. */
    askWith: (signal: AbortSignal, body: object) =>
      request('/v1/jobs/lease', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${tenant.keys.worker}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify(body),
        signal,
      }),
    /** A job that this worker has begun. */
    begin: async (more: Record<string, unknown> = {}) => {
      await enqueue(more)
      return leaseOne()
    },
    /** What the holder of a lease says of its job: `heartbeat`, `complete`, `fail` or `release`. */
    say: (
      { id, lease_token }: Pick<Leased, 'id' | 'lease_token'>,
      verb: string,
      {
        headers = {},
        ...more
      }: Record<string, unknown> & { headers?: Record<string, string> } = {},
    ) => post(`/v1/jobs/${id}/${verb}`, { lease_token, ...more }, asWorker({ headers })),
    read: async (id: string) => bodyOf<Job>(await get(`/v1/jobs/${id}`)),
  }
}

/** A reply as status and body. */
export const shown = async <Body = Problem>(response: Response): Promise<[number, Body]> => [
  response.status,
  await bodyOf<Body>(response),
]
