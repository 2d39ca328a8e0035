import * as z from 'zod'
import { failures, route } from '../_shared/http/route.ts'
import { Kind } from './values.ts'

const runningMax = z.int().min(1).max(100_000).nullable().meta({
  description: 'How many may run at once; null: any number.',
  example: 3,
})

export const JobLimit = z
  .object({
    kind: z.string().meta({ description: '`*`: all kinds together.', example: 'reports.render' }),
    running_max: runningMax,
    paused_at: z.iso.datetime().nullable().meta({ description: 'None begins since then.' }),
  })
  .meta({ id: 'JobLimit', description: 'What keeps queued jobs from beginning.' })

export const JobLimits = z.object({ items: z.array(JobLimit) })

const json = z
  .strictObject({ running_max: runningMax.default(null), paused: z.boolean().default(false) })
  .refine((limit) => limit.running_max !== null || limit.paused, {
    path: ['running_max'],
    error: 'Give running_max or paused; DELETE removes a limit.',
  })
const kindParam = z.object({ kind: Kind })
const kindOrAll = z.object({ kind: Kind.or(z.literal('*')) })
const stays = 'What runs already goes on; what waits begins as soon as the limits allow.'

export const listJobLimits = route({
  method: 'get',
  path: '/limits',
  operationId: 'listJobLimits',
  role: ['viewer', 'worker'],
  summary: "List the tenant's limits and pauses",
  replies: { 200: JobLimits },
})

export const putJobLimit = route({
  method: 'put',
  path: '/limits/:kind',
  operationId: 'putJobLimit',
  role: 'admin',
  summary: "Limit or pause the tenant's jobs of a kind, or (`*`) all of them",
  description: `Never exceeded, however many workers ask at once. ${stays} A tenant has at most 100.`,
  input: { param: kindOrAll, json },
  replies: { 200: JobLimit, ...failures('conflict') },
  example: { param: { kind: 'reports.render' }, json: { running_max: 3 } },
})

export const deleteJobLimit = route({
  method: 'delete',
  path: '/limits/:kind',
  operationId: 'deleteJobLimit',
  role: 'admin',
  summary: "Remove a limit or pause of the tenant's",
  input: { param: kindOrAll },
  replies: { 204: null },
  example: { param: { kind: 'reports.render' } },
})

export const listJobKinds = route({
  method: 'get',
  path: '/kinds',
  operationId: 'listJobKinds',
  role: 'operator',
  summary: 'List the limits and pauses of kinds, for all tenants together',
  replies: { 200: JobLimits },
})

export const putJobKind = route({
  method: 'put',
  path: '/kinds/:kind',
  operationId: 'putJobKind',
  role: 'operator',
  summary: 'Limit or pause a kind, for all tenants together',
  description: stays,
  input: { param: kindParam, json },
  replies: { 200: JobLimit },
  example: { param: { kind: 'reports.render' }, json: { paused: true } },
})

export const deleteJobKind = route({
  method: 'delete',
  path: '/kinds/:kind',
  operationId: 'deleteJobKind',
  role: 'operator',
  summary: 'Remove the limit or pause of a kind',
  input: { param: kindParam },
  replies: { 204: null },
  example: { param: { kind: 'reports.render' } },
})
