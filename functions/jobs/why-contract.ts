import * as z from 'zod'
import { jobStatuses } from '../../db/schema/jobs.ts'
import type { Cause as FoundCause, JobWhy as FoundWhy } from '../../domain/jobs/why.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleId, param } from './values.ts'

const time = z.iso.datetime()
const count = z.int().min(0)
const expected_at = time.nullable().meta({
  description: 'An estimate; null when there is nothing to reckon from.',
})
const basis = z.string().meta({
  description: 'What `expected_at` was reckoned from, or why there is none.',
  example: '9 jobs must end first, on 2 places, each after 1.2 s on average.',
})

const cause = <C extends string, D extends z.core.$ZodLooseShape>(name: C, data: D) =>
  z.object({
    cause: z.literal(name),
    sentence: z.string().meta({ description: 'For people.' }),
    data: z.object(data),
    expected_at,
    basis,
  })

const limit = { running: count, running_max: z.int().min(1) }
const tenantScope = z.enum(['tenant', 'tenant_kind'])

export const JobCause = z
  .discriminatedUnion('cause', [
    cause('time', { run_at: time }),
    cause('backoff', {
      run_at: time,
      attempt: z.int().meta({ description: 'That failed.' }),
      attempts_max: z.int(),
      code: z.string(),
      failed_at: time,
    }),
    cause('dependency', {
      open: count,
      will_be_cancelled: z.boolean().meta({ description: 'One of them did not complete.' }),
      jobs: z
        .array(
          z.object({
            id: z.uuid(),
            kind: z.string().nullable(),
            status: z.enum(jobStatuses).nullable(),
          }),
        )
        .meta({ description: 'Twenty at most.' }),
    }),
    cause('paused', {
      scope: z.enum(['kind', 'tenant', 'tenant_kind']),
      paused_at: time,
    }),
    cause('tenant_limit', { scope: tenantScope, ...limit }),
    cause('kind_limit', limit),
    cause('no_worker', { kind: z.string(), last_seen_at: time.nullable() }),
    cause('position', {
      ahead: count.meta({ description: 'Of this kind and tenant; 10,000 at most are counted.' }),
      is_capped: z.boolean().meta({ description: 'There may be more ahead.' }),
      is_shared: z.boolean().meta({ description: 'Other tenants have their turns in between.' }),
      places: count.meta({ description: 'Of all live workers; 0 when they have not told.' }),
    }),
    cause('about_to_start', { ahead: count }),
    cause('running', {
      worker: z.string(),
      attempt: z.int(),
      started_at: time,
      heartbeat_at: time,
      heartbeat_age_ms: count,
      lease_expires_at: time,
      cancel_requested: z.boolean(),
    }),
    cause('ended', { status: z.enum(jobStatuses), finished_at: time, code: z.string().nullable() }),
  ])
  .meta({ id: 'JobCause' })

export const JobWhy = z
  .object({
    job_id: z.uuid(),
    status: z.enum(jobStatuses),
    at: time.meta({ description: 'When all this held, by the clock of the database.' }),
    expected_at,
    basis,
    causes: z.array(JobCause).min(1).meta({ description: 'The decisive one first.' }),
  })
  .meta({ id: 'JobWhy', description: 'Why a job does not run, or has begun or ended already.' })

export const explainJob = route({
  method: 'get',
  path: '/:id/why',
  operationId: 'explainJob',
  role: ['viewer', 'ingest', 'worker'],
  summary: 'Say why a job waits',
  description: `All causes that hold at this moment. First stands what only a person can end (\`paused\`), then what keeps it
out of the queue (\`dependency\`, \`backoff\`, \`time\`), then what holds it there (\`tenant_limit\`, \`kind_limit\`, \`no_worker\`,
\`position\`). The job's own \`expected_at\` is when the last of them is expected to end. A key with the role \`ingest\` sees
the jobs of its own user alone.`,
  input: { param },
  replies: { 200: JobWhy, ...failures('not_found') },
  example: { param: exampleId },
})

const toCause = ({ expectedAt, ...rest }: FoundCause): z.input<typeof JobCause> => ({
  ...rest,
  expected_at: expectedAt?.toISOString() ?? null,
})

export const toJobWhy = (id: string, why: FoundWhy): z.input<typeof JobWhy> => ({
  job_id: id,
  status: why.status,
  at: why.at.toISOString(),
  expected_at: why.expectedAt?.toISOString() ?? null,
  basis: why.basis,
  causes: why.causes.map(toCause),
})
