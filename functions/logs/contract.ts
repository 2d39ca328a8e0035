import * as z from 'zod'
import { failures, route } from '../_shared/http/route.ts'

const levels = ['warn', 'error'] as const
const Level = z
  .enum(levels)
  .meta({ description: 'error: a status from 500, or said by a process.' })

const LogEntry = z
  .object({
    time: z.iso.datetime(),
    level: Level,
    source: z.enum(['function', 'worker', 'caddy', 'supervisor', 'relay']),
    function: z.string().nullable().meta({ example: 'documents' }),
    request_id: z.string().nullable(),
    method: z.string().nullable().meta({ example: 'GET' }),
    path: z.string().nullable().meta({ description: 'Without the query.' }),
    status: z.int().nullable().meta({ example: 502 }),
    code: z.string().nullable().meta({ example: 'unavailable' }),
    message: z.string().meta({ example: 'Caddy answered 502: EOF' }),
  })
  .meta({ id: 'LogEntry', description: 'One warning, error or failed request; at most 4 KB.' })

const LogPage = z
  .object({
    items: z.array(LogEntry),
    next_cursor: z.null().meta({ description: 'Always null: there are never more than 200.' }),
    degraded: z
      .boolean()
      .meta({ description: 'Redis is away: these are from the memory of the relay.' }),
    dropped: z.int().meta({ description: 'Lines lost before they could be kept.', example: 0 }),
  })
  .meta({ id: 'LogPage' })

// The relay keeps 300 kinds of warnings and 200 of errors, and one group of others for each.
const groupsMax = 502

const LogGroup = z
  .object({
    level: Level,
    source: LogEntry.shape.source,
    function: LogEntry.shape.function,
    code: LogEntry.shape.code,
    status: LogEntry.shape.status,
    message: z.string().meta({
      description: 'With numbers, ids and quoted parts as `#`.',
      example: 'The job # took # s.',
    }),
    count: z.int().meta({ description: 'Exact since `since`.', example: 1204 }),
    first_time: z.iso.datetime(),
    last_time: z.iso.datetime(),
    last_request_id: z.string().nullable().meta({ description: 'Of the newest of them.' }),
  })
  .meta({ id: 'LogGroup', description: 'Entries that are alike, counted together.' })

const LogGroupPage = z
  .object({
    items: z.array(LogGroup),
    next_cursor: z.null().meta({ description: `Always null: there are at most ${groupsMax}.` }),
    since: z.iso.datetime().meta({ description: 'When counting began: the start of the relay.' }),
  })
  .meta({ id: 'LogGroupPage' })

export const listLogGroups = route({
  method: 'get',
  path: '/groups',
  operationId: 'listLogGroups',
  role: 'operator',
  summary: 'How often each kind of warning or error came, most frequent first',
  description:
    'A flood pushes nothing out: new kinds beyond 300 of warnings and 200 of errors are counted as `other`.',
  input: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(groupsMax).default(20),
      level: Level.optional(),
      source: LogEntry.shape.source.optional(),
      function: z.string().min(1).max(64).optional(),
    }),
  },
  replies: { 200: LogGroupPage, ...failures('unavailable') },
  example: { query: { limit: '10', level: 'error' } },
})

export const listLogs = route({
  method: 'get',
  path: '/',
  operationId: 'listLogs',
  role: 'operator',
  summary: 'The latest warnings and errors of the whole server, newest first',
  description: "Only the operator tenant's admins may read it. At most 200 are kept.",
  input: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(20),
      level: Level.optional(),
      source: LogEntry.shape.source.optional(),
      function: z.string().min(1).max(64).optional(),
      request_id: z.string().min(1).max(64).optional(),
    }),
  },
  replies: { 200: LogPage },
  example: { query: { limit: '5', level: 'error' } },
})

export const writeTestLog = route({
  method: 'post',
  path: '/',
  operationId: 'writeTestLog',
  role: 'operator',
  summary: 'Write a test warning or error the way that functions do',
  description: 'It stands in the list within a second, with the request id of this reply.',
  input: {
    json: z.object({
      level: Level,
      message: z.string().trim().min(1).max(1000).meta({ example: 'Is anybody reading this?' }),
    }),
  },
  replies: {
    202: z
      .object({ request_id: z.string(), level: Level, message: z.string() })
      .meta({ id: 'TestLog' }),
  },
  example: { json: { level: 'warn', message: 'Is anybody reading this?' } },
})
