import * as z from 'zod'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { content, failures, route } from '../_shared/http/route.ts'

const Hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: 'SHA-256 in lower case hexadecimal.', example: '0'.repeat(64) })

export const AuditRow = z
  .object({
    id: z.uuid(),
    seq: z.int().meta({ description: 'Gapless in the tenant, from 1.', example: 42 }),
    action: z.string().meta({ description: 'Verb after thing.', example: 'key.created' }),
    actor_user_id: z.uuid().nullable().meta({
      description: 'Who did it; the user may be gone. `null`: the system or the command line.',
    }),
    actor_key_id: z.uuid().nullable().meta({ description: 'By which key; it may be gone.' }),
    subject_type: z.string().meta({ example: 'key' }),
    subject_id: z.uuid().meta({ description: 'What it was done to; it may be gone.' }),
    request_id: z.string().nullable().meta({ description: '`X-Request-Id` of the request.' }),
    detail: z.record(z.string(), z.unknown()).meta({ description: 'What changed; no secrets.' }),
    prev_hash: Hash,
    hash: Hash.meta({ description: 'SHA-256 of `prev_hash` and this row.' }),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'AuditRow', description: 'Something that was done, written for good.' })

// Outside of these years the database reads another time or none.
const Time = z.iso.datetime({ offset: true }).refine(
  (text) => {
    const year = new Date(text).getUTCFullYear()
    return year >= 1 && year <= 9999
  },
  { error: 'Must lie in the years 1 to 9999 in UTC.' },
)

const filters = {
  action: z
    .string()
    .max(100)
    .regex(/^[a-z_]+(\.[a-z_]+)*\.?$/)
    .optional()
    .meta({
      description: 'One action, or with a dot at its end all that begin so: `key.`.',
      example: 'key.',
    }),
  actor_user_id: z.uuid().toLowerCase().optional(),
  actor_key_id: z.uuid().toLowerCase().optional(),
  subject_type: z.string().max(100).optional().meta({ example: 'key' }),
  subject_id: z.uuid().toLowerCase().optional(),
  request_id: z.string().max(64).optional(),
  from: Time.optional().meta({ description: 'Not before it.', example: '2026-01-01T00:00:00Z' }),
  to: Time.optional().meta({ description: 'Before it.', example: '2036-01-01T00:00:00Z' }),
}

/** What both the list and the export can be narrowed to. */
export type AuditQuery = z.output<z.ZodObject<typeof filters>>

export const listAudit = route({
  method: 'get',
  path: '/',
  operationId: 'listAudit',
  role: 'admin',
  summary: 'List what was done, newest first',
  description:
    'Changes of identity and keys, exports and deletions. Rows are written with what they tell of, and never changed.',
  input: { query: z.object({ ...pageQuery, ...filters }) },
  replies: { 200: pageOf(AuditRow), ...failures('invalid_cursor') },
  example: { query: { limit: '2', action: 'key.' } },
})

export const getAuditRow = route({
  method: 'get',
  path: '/:id',
  operationId: 'getAuditRow',
  role: 'admin',
  summary: 'Read one row',
  input: { param: z.object({ id: z.uuid().toLowerCase() }) },
  replies: { 200: AuditRow, ...failures('not_found') },
  example: { param: { id: '0199a1c2-77aa-7aaa-8aaa-000000000021' } },
})

export const exportAudit = route({
  method: 'get',
  path: '/export',
  operationId: 'exportAudit',
  role: 'admin',
  summary: 'Export rows as NDJSON, oldest first',
  description:
    'A row a line, in the order of the chain, up to the row that tells of this export. Without filters the file can be checked by anybody: each hash follows from the line and the hash before.',
  input: { query: z.object(filters) },
  replies: { 200: content('application/x-ndjson', 'An `AuditRow` a line.') },
  timeoutMs: null,
  example: { query: { action: 'user.' } },
})

/** Rows that one request checks at most. */
export const checkedRowsMax = 20_000

const AuditFault = z
  .object({
    reason: z.enum(['altered', 'rewritten', 'missing']).meta({
      description:
        '`altered`: the row is not what was written. `rewritten`: it fits itself, but the next row was made after another. `missing`: rows `seq` to `until_seq` are gone.',
    }),
    seq: z.int(),
    until_seq: z.int().nullable(),
    id: z.string().nullable(),
    action: z.string().nullable(),
    at: z.string().nullable().meta({ description: 'As it lies there, to the microsecond.' }),
  })
  .meta({ id: 'AuditFault' })

export const AuditVerification = z
  .object({
    is_intact: z
      .boolean()
      .meta({ description: 'Of the rows of this page, and what was expected.' }),
    rows: z.int().meta({ description: 'Checked in this page.', example: 5000 }),
    faults: z.array(AuditFault),
    expected: z.enum(['same', 'missing', 'other']).nullable().meta({
      description: 'Of `expect`: is that row still there, gone, or another one?',
    }),
    head: z.object({ seq: z.int(), hash: Hash }).nullable().meta({
      description:
        'The newest row. Note it where nobody with access to the database can change it: rows cut off at the end leave no other trace.',
    }),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'AuditVerification' })

const NotedHead = z
  .string()
  .regex(/^[1-9]\d{0,14}:[0-9a-f]{64}$/)
  .transform((text) => {
    const [seq = '', hash = ''] = text.split(':')
    return { seq: Number(seq), hash }
  })

export const verifyAudit = route({
  method: 'get',
  path: '/verify',
  operationId: 'verifyAudit',
  role: 'admin',
  summary: 'Check that no row was altered',
  description:
    'Walks the chain from its start, a page at a time: follow `next_cursor` until it is `null`. Each altered row is named, and the check goes on behind it.',
  input: {
    query: z.object({
      cursor: pageQuery.cursor,
      rows: z.coerce.number().int().min(1).max(checkedRowsMax).default(5_000).meta({
        description: 'Rows to check at most.',
        example: 5000,
      }),
      expect: NotedHead.optional().meta({
        description: '`<seq>:<hash>` of a head that was noted before.',
      }),
    }),
  },
  replies: { 200: AuditVerification, ...failures('invalid_cursor') },
  example: { query: { rows: '100' } },
})
