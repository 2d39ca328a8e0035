import * as z from 'zod'
import { jobStatuses } from '../../db/schema/jobs.ts'
import type { RunEventRow } from '../../domain/jobs/events.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import type { JobDetailRow, JobRow } from './queries.ts'
import { exampleId, param, Step } from './values.ts'

const readers = ['viewer', 'ingest', 'worker'] as const
const ownOnly = 'A key with the role `ingest` sees the jobs of its own user alone.'
const time = z.iso.datetime()

export const Job = z
  .object({
    id: z.uuid(),
    kind: z.string().meta({ example: 'documents.extract' }),
    status: z.enum(jobStatuses),
    subject_id: z.uuid().nullable().meta({ description: 'What it works on, e.g. a document.' }),
    user_id: z.uuid().nullable().meta({ description: 'Who asked for it.' }),
    priority: z.int().meta({ description: 'Larger goes first.' }),
    attempts: z.int(),
    attempts_max: z.int(),
    run_ms_max: z.int().nullable().meta({ description: 'Longest time of one attempt.' }),
    batch_id: z.uuid().nullable(),
    dedupe_key: z.string().nullable(),
    leased_by: z.string().nullable().meta({ description: 'The worker of the latest attempt.' }),
    progress: z.object({ done: z.int(), total: z.int().nullable() }),
    result: z.record(z.string(), z.unknown()).nullable(),
    errors: z
      .array(
        z.object({
          ...{ attempt: z.int(), at: z.string(), code: z.string(), message: z.string() },
          step: z.string().optional().meta({ description: 'Of a run: where it failed.' }),
        }),
      )
      .meta({ description: 'One for each failed attempt.' }),
    cancel_requested: z.boolean().meta({ description: 'A running job has been told to end.' }),
    request_id: z.string().nullable().meta({ description: 'The request that made it.' }),
    run_at: time.meta({ description: 'Not before this time.' }),
    started_at: time.nullable().meta({ description: 'Of the latest attempt.' }),
    finished_at: time.nullable(),
    created_at: time,
    urls: z.object({ events: z.string(), history: z.string() }),
    version: z.int(),
  })
  .meta({ id: 'Job', description: 'One unit of queued work, from its beginning to its end.' })

export const JobDetail = z
  .object({
    ...Job.shape,
    steps: z
      .array(Step)
      .meta({ description: 'That ended well, in their order. A retry goes on behind them.' }),
    depends_on: z.array(z.uuid()).meta({ description: 'Jobs that it still waits for.' }),
  })
  .meta({ id: 'JobDetail', description: 'A job with its steps and what it waits for.' })

export const RunEvent = z
  .object({
    id: z.uuid(),
    type: z.string().meta({ example: 'started' }),
    data: z.record(z.string(), z.unknown()),
    created_at: time,
  })
  .meta({ id: 'RunEvent', description: 'A change of state or a log line of a run.' })

export const listJobs = route({
  method: 'get',
  path: '/',
  operationId: 'listJobs',
  role: readers,
  summary: 'List jobs, newest first, finished ones too',
  description: ownOnly,
  input: {
    query: z.object({
      ...pageQuery,
      status: z.enum(jobStatuses).optional().meta({ example: 'failed' }),
      kind: z.string().min(1).max(100).optional().meta({ example: 'documents.extract' }),
      subject_id: z.uuid().toLowerCase().optional().meta({ description: 'E.g. a document.' }),
      batch_id: z.uuid().toLowerCase().optional(),
    }),
  },
  replies: { 200: pageOf(Job) },
  example: { query: { status: 'failed', limit: '5' } },
})

const count = z.int()
const JobCounts = z.object({
  kind: z.string().meta({ example: 'documents.extract' }),
  queued: count,
  waiting: count,
  running: count,
  failed: count,
  dead: count,
  cancelled: count,
})

export const countJobs = route({
  method: 'get',
  path: '/counts',
  operationId: 'countJobs',
  role: ['viewer', 'worker'],
  summary: 'Count jobs by kind and state',
  description: 'Open ones, and ended ones that did not complete.',
  replies: {
    200: z.object({
      items: z.array(JobCounts),
      exact: z.boolean().meta({
        description: 'False beyond a million jobs or a thousand kinds: then there are more.',
      }),
    }),
  },
})

export const getJob = route({
  method: 'get',
  path: '/:id',
  operationId: 'getJob',
  role: readers,
  summary: 'Read a job',
  description: ownOnly,
  input: { param },
  replies: { 200: JobDetail, ...failures('not_found') },
  example: { param: exampleId },
})

export const cancelJob = route({
  method: 'post',
  path: '/:id/cancel',
  operationId: 'cancelJob',
  role: 'editor',
  summary: 'Cancel a job',
  description: `One that has not begun ends at once, a running one within about a second. 409 when it has ended, and for
the removal of stored bytes, which nothing else would remove.`,
  input: { param },
  replies: { 202: Job, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId },
})

export const listRunEvents = route({
  method: 'get',
  path: '/:id/history',
  operationId: 'listRunEvents',
  role: readers,
  summary: 'List what happened in a run, in order',
  description: ownOnly,
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(RunEvent), ...failures('not_found') },
  example: { param: exampleId, query: { limit: '10' } },
})

export const watchJob = route({
  method: 'get',
  path: '/:id/events',
  operationId: 'watchJob',
  role: readers,
  summary: 'Follow a run',
  description: `Each \`event: run\` carries a RunEvent and its \`id\`, from the first one on, or from the one after
\`Last-Event-ID\`. The stream ends with the run, when the rights of the key change, or after 15 minutes. ${ownOnly}`,
  input: {
    param,
    header: z.object({ 'last-event-id': z.uuid().toLowerCase().optional() }),
  },
  replies: { 200: content('text/event-stream', 'Events.'), ...failures('not_found') },
  example: { param: exampleId },
  timeoutMs: null,
})

export const toJob = (row: JobRow): z.input<typeof Job> => ({
  id: row.id,
  kind: row.kind,
  status: row.status,
  subject_id: row.subjectId,
  user_id: row.userId,
  priority: row.priority,
  attempts: row.attempts,
  attempts_max: row.attemptsMax,
  run_ms_max: row.runMsMax,
  batch_id: row.batchId,
  dedupe_key: row.dedupeKey,
  leased_by: row.leasedBy,
  progress: { done: row.progressDone, total: row.progressTotal },
  result: row.result,
  errors: row.errors,
  cancel_requested: row.cancelRequested,
  request_id: row.requestId,
  run_at: row.runAt.toISOString(),
  started_at: row.leasedAt?.toISOString() ?? null,
  finished_at: row.finishedAt?.toISOString() ?? null,
  created_at: row.createdAt.toISOString(),
  urls: { events: `/v1/jobs/${row.id}/events`, history: `/v1/jobs/${row.id}/history` },
  version: row.version,
})

export const toJobDetail = (row: JobDetailRow): z.input<typeof JobDetail> => ({
  ...toJob(row),
  steps: row.steps,
  depends_on: row.dependsOn,
})

export const toRunEvent = (row: RunEventRow): z.input<typeof RunEvent> => ({
  id: row.id,
  type: row.type,
  data: row.data,
  created_at: row.createdAt.toISOString(),
})
