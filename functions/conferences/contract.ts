import * as z from 'zod'
import { deadlineKinds } from '../../db/schema/conferences.ts'
import { importLimits } from '../../domain/conferences/importing.ts'
import { isComparable } from '../../domain/conferences/source.ts'
import { line } from '../_shared/http/lines.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import {
  Conference,
  ConferenceChange,
  ConferenceDetails,
  UpcomingDeadline,
} from './representation.ts'

const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-00000000000c' }
const flag = z.stringbool()
const time = z.iso.datetime({
  offset: true,
  error: 'Must be a time with its zone, such as 2026-12-01T00:00:00Z.',
})
const from = time.optional().meta({ description: 'Due at this time or later.' })
const to = time.optional().meta({ description: 'Due at this time or earlier.' })
const word = z.array(z.string().trim().min(1).max(40)).max(50).optional()

/** Which conferences; the same for lists and calendars. */
const series = {
  sub: word.meta({ description: 'Areas; repeat it for several.', example: ['AI'] }),
  ccf: word.meta({ description: 'Ranks of the CCF.', example: ['A'] }),
  core: word.meta({ description: 'Ranks of CORE.' }),
  thcpl: word.meta({ description: 'Ranks of TH-CPL.' }),
  q: z.string().trim().min(1).max(200).optional().meta({
    description: 'A part of the title, of what it stands for or of another name.',
  }),
}
const kind = z.array(z.enum(deadlineKinds)).max(deadlineKinds.length).optional()
export const deadlineFilter = {
  ...series,
  kind: kind.meta({ description: 'Kinds of deadlines; repeat it for several.' }),
  conference_id: z.uuid().toLowerCase().optional(),
}
export const estimates = flag.default(true).meta({
  description: 'Also what is estimated from earlier years; each says so.',
})

export const listConferences = route({
  method: 'get',
  path: '/',
  operationId: 'listConferences',
  role: 'viewer',
  summary: 'List conferences by title',
  description:
    '`kind`, `from` and `to` ask for those with such an announced deadline. The ETag changes with any conference.',
  input: {
    query: z.object({
      ...pageQuery,
      ...series,
      kind: deadlineFilter.kind,
      from,
      to,
    }),
  },
  replies: { 200: pageOf(Conference), ...failures('invalid_cursor') },
  example: { query: { sub: 'SC', ccf: 'A', limit: '10' } },
})

export const listUpcoming = route({
  method: 'get',
  path: '/upcoming',
  operationId: 'listUpcomingDeadlines',
  role: 'viewer',
  summary: 'List what falls due, the next first, with a countdown',
  description: 'Only what has an exact instant: what is not known yet is in its conference.',
  input: {
    query: z.object({ ...pageQuery, ...deadlineFilter, to, estimates }),
  },
  replies: { 200: pageOf(UpcomingDeadline), ...failures('invalid_cursor') },
  example: { query: { kind: 'paper', limit: '10' } },
})

export const listChanges = route({
  method: 'get',
  path: '/changes',
  operationId: 'listConferenceChanges',
  role: 'viewer',
  summary: 'Read what has changed, newest first',
  description: 'Each change once, with the old value, the new one, and a sentence for people.',
  input: { query: z.object({ ...pageQuery, conference_id: z.uuid().toLowerCase().optional() }) },
  replies: { 200: pageOf(ConferenceChange), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const getConference = route({
  method: 'get',
  path: '/:id',
  operationId: 'getConference',
  role: 'viewer',
  summary: 'Read a conference with its editions, deadlines and estimates',
  input: { param },
  replies: { 200: ConferenceDetails, ...failures('not_found') },
  example: { param: exampleId },
})

const alias = line(200).refine(isComparable, 'Is too long spelled out.')

export const changeConference = route({
  method: 'patch',
  path: '/:id',
  operationId: 'changeConference',
  role: 'editor',
  summary: 'Give a conference other names',
  description: `They are found by \`q\` and by imports. The list is given as a whole; names that come from the source stay
beside it. Everything else of a conference comes from imports.`,
  input: {
    param,
    json: z.object({ aliases: z.array(alias).max(50) }),
  },
  replies: { 200: ConferenceDetails, ...failures('not_found', 'stale_version') },
  example: { param: exampleId, json: { aliases: ['Oakland'] } },
})

export const deleteConference = route({
  method: 'delete',
  path: '/:id',
  operationId: 'deleteConference',
  role: 'editor',
  summary: 'Delete a conference with its editions and history',
  description: 'An import that names it makes it anew, with new events in calendars.',
  input: { param },
  replies: { 204: null, ...failures('not_found', 'stale_version') },
  example: { param: exampleId },
})

const Problem = z
  .object({
    line: z.int(),
    column: z.int(),
    severity: z.enum(['error', 'warning']),
    detail: z.string(),
  })
  .meta({ id: 'SourceProblem', description: 'What is wrong in a file, and where.' })

const Verdict = z
  .object({
    path: z.string().nullable().meta({ description: 'In the archive.' }),
    line: z.int(),
    title: z.string().nullable(),
    verdict: z.enum(['created', 'changed', 'unchanged', 'refused']),
    id: z.uuid().nullable(),
    editions: z.int().meta({ description: 'In the file.' }),
    deadlines: z.int().meta({ description: 'In the file, those not known yet too.' }),
    changes: z.array(z.string()),
    problems: z.array(Problem),
  })
  .meta({ id: 'ConferenceVerdict' })

export const ImportTotals = z.object({
  ...{ files: z.int(), broken_files: z.int(), created: z.int(), changed: z.int() },
  ...{ unchanged: z.int(), refused: z.int(), editions: z.int(), deadlines: z.int() },
})

export const ConferenceImport = z
  .object({
    dry_run: z.boolean(),
    totals: ImportTotals,
    broken_files: z.array(
      z.object({
        ...{ path: z.string().nullable(), line: z.int(), column: z.int(), detail: z.string() },
      }),
    ),
    conferences: z.array(Verdict),
  })
  .meta({ id: 'ConferenceImport', description: 'What files of conferences have become.' })

export const importConferences = route({
  method: 'post',
  path: '/import',
  operationId: 'importConferences',
  role: 'editor',
  summary: 'Import conferences from YAML in the form of ccfddl',
  description: `One file of at most ${importLimits.fileBytes} bytes, or a zip archive of them. A verdict for each conference: one
with an error is refused and stays as it was, and keeps no other from being imported; problems tell their lines. What is
imported again unchanged changes nothing. Editions that the source has no longer stay, but what of them is still to come is
withdrawn, as are rounds and deadlines that an edition has no longer. The status is 200 also where conferences are refused; a body that cannot be read is a 422.`,
  input: {
    query: z.object({
      dry_run: flag.default(false).meta({ description: 'Only say what would change.' }),
    }),
    stream: { mediaTypes: ['application/yaml', 'application/zip'], description: 'The file.' },
  },
  replies: { 200: ConferenceImport, ...failures('malformed', 'invalid', 'payload_too_large') },
  example: {
    text: `- title: S&P
  description: IEEE Symposium on Security and Privacy
  sub: SC
  rank: { ccf: A, core: A*, thcpl: A }
  dblp: sp
  confs:
    - year: 2027
      id: sp27
      link: https://sp2027.ieee-security.org/
      timeline:
        - abstract_deadline: '2026-06-04 23:59:59'
          deadline: '2026-06-11 23:59:59'
          comment: First cycle
      timezone: AoE
      date: May 17-20, 2027
      place: Montreal, Canada
`,
  },
  timeoutMs: null,
})
