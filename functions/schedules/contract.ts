import * as z from 'zod'
import { catchUpPolicies } from '../../db/schema/schedules.ts'
import { kindCharactersMax, kindPattern } from '../../domain/jobs/kinds.ts'
import type { ScheduleRow } from '../../domain/schedules/schedules.ts'
import { jsonBytes } from '../_shared/http/json-bytes.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

const payloadBytesMax = 64 * 1024
const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000004' }
const time = z.iso.datetime()

/** What a caller may say of a schedule. */
const fields = {
  name: z.string().trim().min(1).max(120).meta({
    description: 'Unique in the tenant.',
    example: 'Nightly report',
  }),
  kind: z.string().max(kindCharactersMax).regex(kindPattern).meta({
    description: "Of its jobs: words joined by dots, the first one not Octavo's own.",
    example: 'reports.render',
  }),
  cron: z
    .string()
    .max(200)
    .transform((text) => text.trim().replaceAll(/\s+/g, ' '))
    .meta({
      description:
        'Minute, hour, day of the month, month, day of the week; with a sixth in front, the second.',
      example: '30 2 * * MON-FRI',
    }),
  time_zone: z.string().max(64).meta({
    description: 'IANA name of the zone whose clocks are meant.',
    example: 'Europe/Berlin',
  }),
  catch_up: z.enum(catchUpPolicies).meta({
    description: `What becomes of times that passed while nothing could fire: none of them, one job for all of them, or
one job each, of the newest hundred.`,
  }),
  payload: z
    .record(z.string(), z.unknown())
    .refine((value) => jsonBytes(value) <= payloadBytesMax, {
      error: `Must have at most ${payloadBytesMax} bytes as JSON.`,
    })
    .meta({ description: 'Its jobs get it with `schedule_id` and `scheduled_at` added.' }),
  priority: z.int().min(-32_768).max(32_767).meta({ description: 'Larger goes first.' }),
  attempts_max: z.int().min(1).max(100).meta({ description: 'Of each of its jobs.' }),
}

export const Schedule = z
  .object({
    id: z.uuid(),
    name: z.string(),
    kind: z.string().meta({ example: 'reports.render' }),
    cron: z.string().meta({ example: '30 2 * * MON-FRI' }),
    time_zone: z.string().meta({ example: 'Europe/Berlin' }),
    catch_up: z.enum(catchUpPolicies),
    payload: z.record(z.string(), z.unknown()),
    priority: z.int(),
    attempts_max: z.int(),
    paused: z.boolean().meta({ description: 'Nothing fires until it is resumed.' }),
    next_at: time.nullable().meta({ description: '`null`: it is paused, or comes no more.' }),
    last_at: time.nullable().meta({ description: 'The latest time that fired.' }),
    last_job_id: z.uuid().nullable().meta({ description: 'The job of that time.' }),
    user_id: z.uuid().nullable().meta({ description: 'Who made it; its jobs are theirs.' }),
    version: z.int().meta({ description: 'Grows with every change and firing; the ETag.' }),
    created_at: time,
  })
  .meta({ id: 'Schedule', description: 'A job that is queued again and again.' })

const ScheduleRun = z
  .object({
    job_id: z.uuid(),
    scheduled_at: time,
    urls: z.object({ job: z.string() }),
  })
  .meta({ id: 'ScheduleRun', description: 'The job of a schedule that was run by hand.' })

export const createSchedule = route({
  method: 'post',
  path: '/',
  operationId: 'createSchedule',
  role: 'editor',
  summary: 'Queue a job again and again',
  description: `Each time fires once, however many hosts run. While a job of it waits to begin, a time queues no second
one, unless \`catch_up\` is \`all\`.`,
  input: {
    json: z.object({
      ...fields,
      time_zone: fields.time_zone.default('UTC'),
      catch_up: fields.catch_up.default('once'),
      payload: fields.payload.default({}),
      priority: fields.priority.default(0),
      attempts_max: fields.attempts_max.default(5),
    }),
  },
  replies: { 201: Schedule, ...failures('duplicate') },
  example: {
    json: {
      name: 'Nightly report',
      kind: 'reports.render',
      cron: '30 2 * * MON-FRI',
      time_zone: 'Europe/Berlin',
    },
  },
})

export const listSchedules = route({
  method: 'get',
  path: '/',
  operationId: 'listSchedules',
  role: 'viewer',
  summary: 'List schedules, oldest first',
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(Schedule), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const getSchedule = route({
  method: 'get',
  path: '/:id',
  operationId: 'getSchedule',
  role: 'viewer',
  summary: 'Read a schedule',
  input: { param },
  replies: { 200: Schedule, ...failures('not_found') },
  example: { param: exampleId },
})

export const changeSchedule = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeSchedule',
  role: 'editor',
  summary: 'Change a schedule',
  description: 'With another expression or zone its next time is the first from now on.',
  input: { param, json: z.object(fields).partial() },
  replies: { 200: Schedule, ...failures('not_found', 'duplicate', 'stale_version') },
  example: { param: exampleId, json: { cron: '0 3 * * *' } },
})

export const deleteSchedule = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteSchedule',
  role: 'editor',
  summary: 'Delete a schedule',
  description: 'Jobs that it has queued stay.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const pauseSchedule = route({
  method: 'post',
  path: '/:id/pause',
  operationId: 'pauseSchedule',
  role: 'editor',
  summary: 'Let a schedule rest',
  description: 'What comes while it is paused is not made up for. It can still be run by hand.',
  input: { param },
  replies: { 200: Schedule, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const resumeSchedule = route({
  method: 'post',
  path: '/:id/resume',
  operationId: 'resumeSchedule',
  role: 'editor',
  summary: 'Go on with a schedule',
  description: 'Its next time is the first from now on.',
  input: { param },
  replies: { 200: Schedule, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const runSchedule = route({
  method: 'post',
  path: '/:id/run',
  operationId: 'runSchedule',
  role: 'editor',
  summary: 'Run a schedule now',
  description: `Its next time stays as it is. While a job of it waits to begin, the reply names that one, unless
\`catch_up\` is \`all\`.`,
  input: { param },
  replies: { 202: ScheduleRun, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

export const nextTimes = route({
  method: 'get',
  path: '/:id/next',
  operationId: 'listNextTimes',
  role: 'viewer',
  summary: 'When does a schedule come?',
  description: 'Fewer than asked for when it comes no more, none while it is paused.',
  input: {
    param,
    query: z.object({
      count: z.coerce.number().int().min(1).max(100).default(10).meta({ example: 5 }),
    }),
  },
  replies: { 200: z.object({ times: z.array(time) }), ...failures('not_found') },
  example: { param: exampleId, query: { count: '5' } },
})

export const toSchedule = (row: ScheduleRow): z.input<typeof Schedule> => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  cron: row.cron,
  time_zone: row.timeZone,
  catch_up: row.catchUp,
  payload: row.payload,
  priority: row.priority,
  attempts_max: row.attemptsMax,
  paused: row.pausedAt !== null,
  next_at: row.pausedAt === null ? (row.nextAt?.toISOString() ?? null) : null,
  last_at: row.lastAt?.toISOString() ?? null,
  last_job_id: row.lastJobId,
  user_id: row.userId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
})
