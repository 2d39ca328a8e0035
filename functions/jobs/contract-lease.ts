import * as z from 'zod'
import { failures, route } from '../_shared/http/route.ts'
import { Job } from './contract.ts'
import {
  dayMs,
  exampleId,
  exampleToken,
  Kind,
  LeaseMs,
  param,
  SmallObject,
  Step,
} from './values.ts'

// An admin's rights hold those of every other role.
const workers = ['worker', 'admin'] as const

const lease_token = z.uuid().toLowerCase().meta({ description: 'Of the lease.' })
const onlyWithLease = `409 \`lease_lost\` when the job has ended, was leased anew, or was given back: nothing is written then,
and the attempt should stop.`
const counter = z.int().min(0).max(2_147_483_647)

const message = z.string().min(1).max(2_000)
const LogLine = z.union([
  message.transform((text) => ({ level: 'info' as const, message: text })),
  z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']).default('info'), message }),
])

export const LeasedJob = z
  .object({
    id: z.uuid(),
    kind: z.string(),
    lease_token: z.uuid().meta({ description: 'Proves that this attempt still owns the job.' }),
    lease_expires_at: z.iso.datetime(),
    payload: z.record(z.string(), z.unknown()),
    attempt: z.int().meta({ description: 'From 1.' }),
    attempts_max: z.int(),
    run_ms_max: z.int().nullable(),
    priority: z.int(),
    subject_id: z.uuid().nullable(),
    steps: z.array(Step).meta({ description: 'Done by earlier attempts, with their output.' }),
  })
  .meta({ id: 'LeasedJob', description: 'A job that is yours until its lease expires.' })

export const leaseJobs = route({
  method: 'post',
  path: '/lease',
  operationId: 'leaseJobs',
  role: workers,
  summary: 'Take jobs to run',
  description: `Jobs of the caller's tenant, largest priority first. With \`wait_ms\` the reply waits until there is one, or
comes with an empty list after that time. A caller who goes away while waiting gets none. With an \`Idempotency-Key\` a
repeat after a lost reply gets the same leases.`,
  input: {
    json: z.object({
      kinds: z.array(Kind).min(1).max(100),
      limit: z.int().min(1).max(100).default(1),
      wait_ms: z.int().min(0).max(20_000).default(0).meta({
        description: 'Never longer than the deadline of a request allows.',
      }),
      lease_ms: LeaseMs.default(60_000),
      worker: z.string().trim().min(1).max(100).meta({
        description: 'Name for people: who holds the lease.',
        example: 'renderer-1',
      }),
    }),
  },
  replies: { 200: z.object({ jobs: z.array(LeasedJob) }) },
  example: {
    json: {
      kinds: ['reports.render'],
      limit: 10,
      wait_ms: 0,
      lease_ms: 60_000,
      worker: 'renderer-1',
    },
  },
})

export const heartbeatJob = route({
  method: 'post',
  path: '/:id/heartbeat',
  operationId: 'heartbeatJob',
  role: workers,
  summary: 'Keep a lease, report progress, write log lines',
  description: `Send one at a third of the lease. ${onlyWithLease}`,
  input: {
    param,
    json: z.object({
      lease_token,
      lease_ms: LeaseMs.optional().meta({
        description: 'From now. Default: as long as the time before; never beyond `run_ms_max`.',
      }),
      progress: z
        .strictObject({ done: counter, total: counter.optional() })
        .optional()
        .meta({ description: '`done` never falls.' }),
      log: z.array(LogLine).max(100).default([]).meta({
        description: 'Lines for the story of the run: texts, or texts with a level.',
      }),
    }),
  },
  replies: {
    200: z.object({
      cancel_requested: z.boolean().meta({ description: 'Stop, and release the job.' }),
      lease_expires_at: z.iso.datetime(),
    }),
    ...failures('not_found', 'lease_lost'),
  },
  example: {
    param: exampleId,
    json: { lease_token: exampleToken, progress: { done: 3, total: 10 }, log: ['Page 3 is done.'] },
  },
})

export const completeJob = route({
  method: 'post',
  path: '/:id/complete',
  operationId: 'completeJob',
  role: workers,
  summary: 'End a job well',
  description: `${onlyWithLease} So is a second call with the same token; with an \`Idempotency-Key\` a repeat after a lost
reply gets the first reply instead.`,
  input: {
    param,
    json: z.object({
      lease_token,
      result: SmallObject.nullable()
        .default(null)
        .meta({ description: 'At most 64 KiB.', example: { pages: 10 } }),
    }),
  },
  replies: { 200: Job, ...failures('not_found', 'lease_lost') },
  example: { param: exampleId, json: { lease_token: exampleToken, result: { pages: 10 } } },
})

export const failJob = route({
  method: 'post',
  path: '/:id/fail',
  operationId: 'failJob',
  role: workers,
  summary: 'End an attempt that failed',
  description: `The job is tried again after a while, is \`failed\` when the fault is \`final\`, \`dead\` when no attempt is left,
and \`cancelled\` when somebody has asked for its end. Every error is kept. ${onlyWithLease}`,
  input: {
    param,
    json: z.object({
      lease_token,
      code: z
        .string()
        .regex(/^[a-z][a-z0-9_]{0,63}$/)
        .meta({ description: 'For programs.', example: 'printer_jam' }),
      message: z.string().trim().min(1).max(2_000).meta({ description: 'For people.' }),
      final: z.boolean().default(false).meta({ description: 'Trying again cannot help.' }),
      retry_ms: z
        .int()
        .min(0)
        .max(7 * dayMs)
        .optional()
        .meta({
          description:
            'Wait before the next attempt. Default: 1 s to 5 min, doubling, with jitter.',
        }),
    }),
  },
  replies: { 200: Job, ...failures('not_found', 'lease_lost') },
  example: {
    param: exampleId,
    json: { lease_token: exampleToken, code: 'printer_jam', message: 'The paper is stuck.' },
  },
})

export const releaseJob = route({
  method: 'post',
  path: '/:id/release',
  operationId: 'releaseJob',
  role: workers,
  summary: 'Give a job back unharmed',
  description: `For a worker that stops: the attempt does not count. One whose end was asked for is \`cancelled\` by it.
${onlyWithLease}`,
  input: { param, json: z.object({ lease_token }) },
  replies: { 200: Job, ...failures('not_found', 'lease_lost') },
  example: { param: exampleId, json: { lease_token: exampleToken } },
})
