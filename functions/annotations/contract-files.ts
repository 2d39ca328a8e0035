import * as z from 'zod'
import { bulkLinesMax } from '../../domain/annotations/bulk-block.ts'
import { lineBytesMax } from '../../domain/annotations/bulk-blocks.ts'
import { exportFormats } from '../../domain/annotations/exporting.ts'
import { importBytesMax } from '../../domain/annotations/importing.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
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
its repetition: an \`Idempotency-Key\` is refused here. About a megabyte of lines commits at a time; \`atomic\`
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
  example: {
    query: { atomic: 'true' },
    text: JSON.stringify({
      document_id: exampleDocumentId,
      page: 1,
      box: [0.1, 0.2, 0.3, 0.05],
      label_name: 'invoice_number',
    }),
  },
  refusesIdempotencyKey: {
    detail: 'Verdicts are not kept, so they cannot be repeated.',
    hint: 'Give the lines ids: one that is there already makes nothing.',
  },
  timeoutMs: null,
})

const pixels = z.coerce.number().positive().max(1_000_000).optional()

export const AnnotationImport = z
  .object({
    import_id: z.uuid().nullable().meta({ description: 'Null for a dry run.' }),
    created: z.int(),
    restored: z
      .int()
      .meta({ description: 'That had been deleted; they are as the file has them.' }),
    existing: z.int().meta({ description: 'That are there already; they stay as they are.' }),
    documents: z.array(
      z.object({
        document_id: z.uuid(),
        name: z.string().meta({ description: 'In the file.' }),
        created: z.int(),
        restored: z.int(),
        existing: z.int(),
      }),
    ),
  })
  .meta({ id: 'AnnotationImport', description: 'What a file of annotations has become.' })

export const importAnnotations = route({
  method: 'post',
  path: '/import',
  operationId: 'importAnnotations',
  role: 'editor',
  summary: 'Import a file of annotations',
  description: `All of it or nothing. A file of its format, or for YOLO and FUNSD a zip archive with the files of its pages.
Its documents are found by id, else by file name with or without its ending, or all of it belongs to \`document_id\`; one
that cannot be found is named in a 422. What the format holds beyond annotations is kept and given back by an export.
Annotations that left Octavo with an id are left alone where they still are, and come back where they were deleted. Files above ${importBytesMax} bytes go in as
lines, in bulk.`,
  input: {
    query: z.object({
      format: z.enum(exportFormats),
      document_id: z.uuid().toLowerCase().optional(),
      dry_run: flag.meta({ description: 'Only say what would be made.' }),
      page_width: pixels.meta({
        description: 'Of a page in pixels, for FUNSD, which does not tell.',
      }),
      page_height: pixels,
    }),
    stream: {
      mediaTypes: ['application/json', 'text/csv', 'application/zip'],
      description: 'The file.',
    },
  },
  replies: { 200: AnnotationImport, ...failures('malformed', 'invalid', 'duplicate') },
  example: {
    query: { format: 'csv' },
    headers: { 'content-type': 'text/csv' },
    text: `document_id,page,label_name,x,y,width,height
${exampleDocumentId},1,invoice_number,0.1,0.2,0.3,0.05
`,
  },
  timeoutMs: null,
})

const documentsMax = 100
const uuid = '[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}'
const documentIds = z
  .string()
  .regex(new RegExp(`^${uuid}(?:,${uuid}){0,${documentsMax - 1}}$`), {
    error: `Must be 1 to ${documentsMax} ids with commas between them.`,
  })
  .toLowerCase()

export const exportAnnotations = route({
  method: 'get',
  path: '/export',
  operationId: 'exportAnnotations',
  role: 'viewer',
  summary: 'Export the annotations of documents',
  description: `As a stream: Octavo's own JSON, CSV, COCO or Label Studio; YOLO and FUNSD as a zip archive with a file a
page. Pages without annotations are kept; what a format has no place for lies in its extension, so that an import gives all
of it back. Values that a spreadsheet would run are quoted in CSV. While a required field of an applied template is open,
the answer is 409 and names each. Give \`document_id\` or \`document_ids\`.`,
  input: {
    query: z.object({
      document_id: z.uuid().toLowerCase().optional(),
      document_ids: documentIds.optional().meta({
        description: `At most ${documentsMax}, commas between them; they are exported in this order.`,
      }),
      format: z.enum(exportFormats).default('json'),
    }),
  },
  replies: {
    200: content(
      'application/json',
      'The file; `text/csv` for CSV, `application/zip` for archives.',
    ),
    ...failures('not_found', 'conflict'),
  },
  example: { query: { document_id: exampleDocumentId, format: 'coco' } },
  timeoutMs: null,
})

const time = z.iso.datetime()

export const AnnotationExport = z
  .object({
    id: z.uuid(),
    user_id: z.uuid(),
    format: z.enum(exportFormats),
    document_ids: z.array(z.uuid()),
    annotation_count: z.int().meta({ description: 'That were read; all of them once completed.' }),
    status: z.enum(['running', 'completed', 'broken']),
    started_at: time,
    ended_at: time.nullable(),
  })
  .meta({ id: 'AnnotationExport', description: 'Who took annotations out.' })

export const listExports = route({
  method: 'get',
  path: '/exports',
  operationId: 'listAnnotationExports',
  role: 'editor',
  summary: 'List the exports of annotations, newest first',
  description:
    '`broken`: not all of it was read, because the reader went away or something failed.',
  input: { query: z.object(pageQuery) },
  replies: { 200: pageOf(AnnotationExport), ...failures('invalid_cursor') },
  example: { query: { limit: '10' } },
})
