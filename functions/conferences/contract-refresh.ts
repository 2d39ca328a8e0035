import * as z from 'zod'
import { refreshVerdicts } from '../../db/schema/conference-refreshes.ts'
import { RefreshOrder } from '../../domain/conferences/refresh-order.ts'
import type { SourceRow } from '../../domain/conferences/refresh-store.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { ImportTotals } from './contract.ts'

const time = z.iso.datetime()
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))

const Check = z
  .object({
    name: z.string().meta({ example: 'volume' }),
    verdict: z.enum(refreshVerdicts),
    observed: values.meta({ example: { series: 20, editions: 114, deadlines: 305 } }),
    limit: values.meta({ example: { series: 16, editions: 92, deadlines: 244 } }),
    message: z.string().meta({ description: 'A sentence for people.' }),
  })
  .meta({ id: 'SourceCheck' })

const Source = z
  .object({
    id: z.uuid(),
    url: z.string(),
    verdict: z.enum(refreshVerdicts).meta({ description: 'The worst of its latest checks.' }),
    checks: z.array(Check).meta({ description: 'The latest; a failed one kept all as it was.' }),
    checked_at: time,
    job_id: z.uuid().meta({ description: 'The run of those checks.' }),
    imported_at: time.nullable().meta({
      description: 'The latest good import from it, also when nothing had changed.',
    }),
    totals: ImportTotals.nullable().meta({ description: 'Of that import.' }),
    urls: z.object({ job: z.string() }),
  })
  .meta({ id: 'ConferenceSource', description: 'Where conferences are refreshed from.' })

const Refresh = z
  .object({ job_id: z.uuid(), urls: z.object({ job: z.string(), events: z.string() }) })
  .meta({ id: 'ConferenceRefreshRun', description: 'The run of a refresh.' })

export const refreshConferences = route({
  method: 'post',
  path: '/refresh',
  operationId: 'refreshConferences',
  role: 'editor',
  summary: 'Bring conferences up to date from a source',
  description: `A run with the steps \`fetch\`, \`read\`, \`check\`, \`import\` and \`report\`. A check that fails ends it
with \`check_failed\`, and nothing is imported: too few conferences, too old, too many mistakes or duplicates. What the source
says to be unchanged is not read again. Asked for again while the same waits to begin, it is one. A schedule may have the kind
\`conferences.refresh\` with this body as its payload.`,
  input: { json: RefreshOrder },
  replies: { 202: Refresh },
  example: { json: { source: { url: 'https://example.com/conferences.yml' } } },
})

export const listSources = route({
  method: 'get',
  path: '/refresh',
  operationId: 'listConferenceSources',
  role: 'viewer',
  summary: 'How did the latest refreshes go?',
  description: `Each source once, the one that was checked last first. What could not even be fetched is among the jobs of the
kind \`conferences.refresh\`.`,
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(Source), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})

export const toRefresh = (jobId: string): z.input<typeof Refresh> => ({
  job_id: jobId,
  urls: { job: `/v1/jobs/${jobId}`, events: `/v1/jobs/${jobId}/events` },
})

export const toSource = (row: SourceRow): z.input<typeof Source> => ({
  ...{ id: row.id, url: row.url, verdict: row.verdict },
  checks: row.checks as z.input<typeof Check>[],
  ...{ checked_at: row.checkedAt.toISOString(), job_id: row.checkedJobId },
  imported_at: row.importedAt?.toISOString() ?? null,
  totals: row.totals as z.input<typeof ImportTotals> | null,
  urls: { job: `/v1/jobs/${row.checkedJobId}` },
})
