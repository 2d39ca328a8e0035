import * as z from 'zod'
import { dependencyPolicies } from '../../db/schema/jobs.ts'
import { failures, route } from '../_shared/http/route.ts'
import { Job } from './contract.ts'
import { dayMs, Kind, SmallObject } from './values.ts'

const dependenciesMax = 1_000
const bulkMax = 1_000

const newJobShape = {
  kind: Kind,
  payload: SmallObject.default({}).meta({ description: 'For the worker alone; at most 64 KiB.' }),
  priority: z.int().min(-32_768).max(32_767).default(0).meta({ description: 'Larger goes first.' }),
  run_at: z.iso
    .datetime({ offset: true })
    .refine((time) => Date.parse(time) >= 0, { error: 'Must not be before 1970.' })
    .optional()
    .meta({ description: 'Not before this time.', example: '2026-12-24T18:00:00.000Z' }),
  delay_ms: z
    .int()
    .min(0)
    .max(366 * dayMs)
    .optional()
    .meta({ description: 'Not before this long from now; instead of `run_at`.' }),
  attempts_max: z.int().min(1).max(100).default(5),
  run_ms_max: z.int().min(1_000).max(dayMs).optional().meta({
    description: 'Longest time of one attempt, however alive its worker is. Default: no limit.',
  }),
  dedupe_key: z.string().min(1).max(200).optional().meta({
    description: 'At most one job of this kind and key waits to begin.',
    example: 'report-2026-11',
  }),
  on_duplicate: z
    .enum(['keep', 'replace', 'reschedule'])
    .default('keep')
    .meta({
      description: `When one with this key waits already: \`keep\` leaves it as it is, \`replace\` gives it this payload,
priority and time, \`reschedule\` this time alone. The reply is 200 and that job.`,
    }),
  batch_id: z.uuid().toLowerCase().optional().meta({
    description: 'Any UUID of yours; `GET /v1/jobs?batch_id=` lists what has it.',
  }),
}

const hasOneTime = (job: { run_at?: string | undefined; delay_ms?: number | undefined }) =>
  job.run_at === undefined || job.delay_ms === undefined
const oneTime = { path: ['delay_ms'], error: 'Give run_at or delay_ms, not both.' }

export const BulkJob = z.strictObject(newJobShape).refine(hasOneTime, oneTime)
export type BulkJob = z.output<typeof BulkJob>

export const NewJob = z
  .strictObject({
    ...newJobShape,
    depends_on: z.array(z.uuid().toLowerCase()).max(dependenciesMax).default([]).meta({
      description: `Ids of jobs that must end first. It waits until all of them have.`,
    }),
    on_dependency_failure: z.enum(dependencyPolicies).default('cancel').meta({
      description:
        'When one of them does not complete: `cancel` this job too, or `run` it all the same.',
    }),
  })
  .refine(hasOneTime, oneTime)
export type NewJob = z.output<typeof NewJob>

const ownKinds = `Kinds that begin with a function's name, such as \`documents.extract\`, are Octavo's own: 422.`

export const enqueueJob = route({
  method: 'post',
  path: '/',
  operationId: 'enqueueJob',
  role: 'editor',
  summary: 'Queue a job',
  description: `200 with the job that waits already, when it has the same \`dedupe_key\`. A job in \`depends_on\` that does
not exist, or has ended without completing, is a fault of its own. ${ownKinds}`,
  input: { json: NewJob },
  replies: { 201: Job, 200: Job },
  example: {
    json: {
      kind: 'reports.render',
      payload: { month: '2026-11' },
      priority: 10,
      attempts_max: 3,
      run_ms_max: 600_000,
    },
  },
})

const Enqueued = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid(),
        created: z.boolean().meta({ description: 'False: a job with this key waited already.' }),
      }),
    ),
  })
  .meta({ id: 'EnqueuedJobs', description: 'One item for each job, in their order.' })

export const enqueueJobs = route({
  method: 'post',
  path: '/bulk',
  operationId: 'enqueueJobs',
  role: 'editor',
  summary: 'Queue up to 1,000 jobs, all or none',
  description: `In one statement, fifty times as fast as one by one. Faults name the item: \`/jobs/3/kind\`. Jobs that wait
for others are queued one by one. ${ownKinds}`,
  input: { json: z.object({ jobs: z.array(BulkJob).min(1).max(bulkMax) }) },
  replies: { 201: Enqueued, ...failures() },
  example: {
    json: {
      jobs: [
        { kind: 'reports.render', payload: { month: '2026-10' } },
        { kind: 'reports.render', payload: { month: '2026-11' }, delay_ms: 60_000 },
      ],
    },
  },
})
