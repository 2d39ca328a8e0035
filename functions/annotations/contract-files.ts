import * as z from 'zod'
import { bulkLinesMax } from '../../domain/annotations/bulk-block.ts'
import { lineBytesMax } from '../../domain/annotations/bulk-blocks.ts'
import { exportFormats } from '../../domain/annotations/exporting.ts'
import { content, failures, route } from '../_shared/http/route.ts'
import { exampleDocumentId, newAnnotation } from './contract-fields.ts'

const flag = z.stringbool().default(false)

/** A line of a bulk request. */
export const BulkLine = z.object({
  id: z.uuid().toLowerCase().nullable().default(null),
  ...newAnnotation,
})

export const createInBulk = route({
  method: 'post',
  path: '/bulk',
  operationId: 'createAnnotationsInBulk',
  role: 'editor',
  summary: 'Label many regions, a line each',
  description: `NDJSON in, a verdict a line out, in order: \`created\` or \`exists\` with the \`id\`, \`refused\` with a
\`code\` and \`errors\` as in a problem. A line is what creating one annotation takes, and may bring its \`id\`: one that is
there already makes nothing, so that a request which broke off can be sent again. Without \`id\`s nothing tells a line from
its repetition; an \`Idempotency-Key\` is therefore refused here. About a megabyte of lines commits at a time; \`atomic\`
makes all lines or, where one is refused, none: the others are \`not_created\`. With \`dry_run\` nothing is written, and what
would be made is \`valid\`. The status is 200 also where lines are refused. Verdicts begin when the body has ended. Of a
request at most ${bulkLinesMax} lines are read, of a line ${lineBytesMax} bytes. \`template_id\` refuses labels that the
template does not have, with a suggestion.`,
  input: {
    query: z.object({
      atomic: flag.meta({ description: 'All lines or none.' }),
      dry_run: flag.meta({ description: 'Only say what would become of the lines.' }),
      template_id: z.uuid().toLowerCase().optional(),
    }),
    stream: { mediaTypes: ['application/x-ndjson'], description: 'An annotation a line.' },
  },
  replies: {
    200: content('application/x-ndjson', 'A verdict a line.'),
    ...failures('malformed', 'invalid'),
  },
  example: { query: { dry_run: 'true' } },
  timeoutMs: null,
})

export const exportAnnotations = route({
  method: 'get',
  path: '/export',
  operationId: 'exportAnnotations',
  role: 'viewer',
  summary: 'Export the annotations of a document',
  description: `As a stream: Octavo's own JSON, CSV, COCO or Label Studio; YOLO and FUNSD as a zip archive with a file a
page. Pages without annotations are kept; what a format has no place for lies in its extension, so that an import gives all
of it back. Values that a spreadsheet would run are quoted in CSV.`,
  input: {
    query: z.object({
      document_id: z.uuid().toLowerCase(),
      format: z.enum(exportFormats).default('json'),
    }),
  },
  replies: {
    200: content(
      'application/json',
      'The file; `text/csv` for CSV, `application/zip` for archives.',
    ),
    ...failures('not_found'),
  },
  example: { query: { document_id: exampleDocumentId, format: 'coco' } },
  timeoutMs: null,
})
