import * as z from 'zod'
import { failures, route } from '../_shared/http/route.ts'
import { Job } from './contract.ts'
import { exampleId, Kind, param } from './values.ts'

const redriveMax = 10_000

const attempts = z.int().min(1).max(100).default(5).meta({
  description: 'How many more it may have.',
})

export const redriveJob = route({
  method: 'post',
  path: '/:id/redrive',
  operationId: 'redriveJob',
  role: 'editor',
  summary: 'Queue a failed, dead or cancelled job again',
  description: `With its id, its errors and its events; its attempts count on. It goes on behind its finished steps, or
from \`from_step\`, which is run again with all behind it. 409 when it waits, runs or has completed.`,
  input: {
    param,
    json: z.object({
      attempts,
      from_step: z.string().min(1).max(100).optional().meta({ example: 'store' }),
    }),
  },
  replies: { 202: Job, ...failures('not_found', 'conflict', 'stale_version') },
  example: { param: exampleId, json: { attempts: 3 } },
})

export const redriveJobs = route({
  method: 'post',
  path: '/redrive',
  operationId: 'redriveJobs',
  role: 'editor',
  summary: 'Queue many ended jobs again, the oldest first',
  description: 'All of them or none.',
  input: {
    json: z.object({
      status: z.enum(['dead', 'failed', 'cancelled']),
      kind: Kind.optional(),
      limit: z.int().min(1).max(redriveMax).default(1_000),
      attempts,
    }),
  },
  replies: { 202: z.object({ count: z.int().meta({ description: 'How many were queued.' }) }) },
  example: { json: { status: 'dead', kind: 'reports.render', limit: 100 } },
})
