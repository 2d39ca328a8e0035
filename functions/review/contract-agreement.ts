import * as z from 'zod'
import { annotationSources } from '../../db/schema/annotations.ts'
import { annotatorsMax } from '../../domain/annotations/review-agreement.ts'
import { regionsPerPageMax } from '../../domain/annotations/review-statements.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleDocumentId } from './contract.ts'

const documentsInQueryMax = 100
const documentsInJobMax = 1_000
const seenPagesMax = 1_000
/** Annotations and dismissed suggestions that one request looks at; a job takes more. */
export const annotationsAtOnceMax = 20_000
/** Some 2 s of work, in steps of 0.2 s at most: where all boxes of a page cover one another. A job does more. */
export const effortAtOnceMax = { comparisons: 20_000_000, comparisonsAtOnce: 100_000 }
export const annotationsInJobMax = 500_000

const id = z.uuid().toLowerCase()
const count = z.int().min(0)

const Annotator = z
  .object({
    user_id: z.uuid(),
    source: z.enum(annotationSources).meta({
      description:
        '`human`: the user. Else what came in by their key, which is an annotator of its own.',
    }),
  })
  .meta({ id: 'Annotator' })

const figures = {
  regions: count.meta({
    description: 'That at least one of two marked; what both did counts once.',
  }),
  matched: count.meta({ description: 'Marked by both, under whatever label.' }),
  agreed: count.meta({ description: 'Marked by both under the same label.' }),
  mean_iou: z.number().nullable().meta({ description: 'Of what both marked.', example: 0.91 }),
  kappa: z.number().nullable().meta({ description: "Cohen's, -1..1.", example: 0.82 }),
}

const labels = z.array(
  z.object({
    label_name: z.string(),
    regions: count,
    agreed: count,
    kappa: z.number().nullable().meta({ description: 'This label against all else.' }),
  }),
)

export const Agreement = z
  .object({
    documents: count,
    annotations: count.meta({
      description: 'Looked at, deleted ones and dismissed suggestions too.',
    }),
    pages_compared: count.meta({ description: 'That at least two have seen.' }),
    annotators: z.array(z.object({ ...Annotator.shape, pages_seen: count, regions: count })),
    overall: z.object({ annotator_pairs: count, ...figures, labels }).meta({
      description: 'Counts are sums over the pairs, the rest means over those that have a value.',
    }),
    pairs: z.array(
      z.object({ first: Annotator, second: Annotator, pages: count, ...figures, labels }),
    ),
    pages: z
      .array(z.object({ document_id: z.uuid(), page: z.int(), ...figures }))
      .nullable()
      .meta({ description: 'Where they agree least first, at most 200; null unless asked for.' }),
    full_pages: z.array(z.object({ document_id: z.uuid(), page: z.int(), regions: count })).meta({
      description: `Left out: somebody marked more than ${regionsPerPageMax} regions there. At most 200 are named.`,
    }),
    is_shortened: z.boolean().meta({
      description:
        "A job's result had no room for all: labels of pairs, then pages, then rare labels are missing.",
    }),
  })
  .meta({ id: 'ReviewAgreement', description: 'How far annotators agree.' })

const rules = `Two annotators are compared on the pages that both have seen. A page was seen by who made a region there (also
one that they deleted again), judged one there, or marked the page by \`POST /v1/review/seen\`, which is how "nothing here" is said.
Whoever marks regions under their own name is an annotator; what came in from a model or an import under a user's key is another one.
A person says the regions that they made, as they left them, and those of others that they called \`valid\` or \`corrected\`, as these
stand; what others changed is not put into their mouth. A model or an import says what came in, and what it suggested once somebody
has accepted or dismissed that. Deleted regions say nothing, and what a file calls valid was judged elsewhere.

Boxes are one region from an intersection over union of 0.5 on, paired so that the sum is the largest possible. What one marked and the
other did not counts as disagreement. Of more than two annotators the means over their pairs are given. Rotation is not looked at. Pages
on which one annotator has more than ${regionsPerPageMax} regions are left out and named; more than ${annotatorsMax} annotators are a 422.`

const documentIds = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(id).min(1).max(documentsInQueryMax))

export const getAgreement = route({
  method: 'get',
  path: '/agreement',
  operationId: 'getAgreement',
  role: 'viewer',
  summary: "Cohen's kappa and IoU between annotators, at once",
  description: `${rules}

Name exactly one of \`document_id\`, \`document_ids\` and \`batch_id\`. Where these have more than ${annotationsAtOnceMax} annotations, or too
many on the same pages, the answer is a 422: \`POST\` to the same path has a job compute it.`,
  input: {
    query: z.object({
      document_id: id.optional(),
      document_ids: documentIds.optional().meta({
        description: `With commas between them, at most ${documentsInQueryMax}.`,
      }),
      batch_id: id.optional(),
      pages: z
        .enum(['true', 'false'])
        .default('false')
        .meta({ description: 'Each page on its own, too.' }),
    }),
  },
  replies: { 200: Agreement, ...failures('not_found') },
  example: { query: { document_id: exampleDocumentId, pages: 'true' } },
})

export const requestAgreement = route({
  method: 'post',
  path: '/agreement',
  operationId: 'requestAgreement',
  role: 'editor',
  summary: 'Have a job compute the agreement of many documents',
  description: `As \`GET\`, for up to ${annotationsInJobMax} annotations; name exactly one of \`document_ids\` and \`batch_id\`. The job's
\`result\` is what \`GET\` answers: read it at \`Location\` once its status is \`completed\`.`,
  input: {
    json: z.object({
      document_ids: z.array(id).min(1).max(documentsInJobMax).optional(),
      batch_id: id.optional(),
      pages: z.boolean().default(false),
    }),
  },
  replies: { 202: z.object({ job_id: z.uuid() }), ...failures('not_found') },
  example: { json: { document_ids: [exampleDocumentId] } },
})

const SeenPage = z
  .object({ page: z.int(), ...Annotator.shape, seen_at: z.iso.datetime() })
  .meta({ id: 'ReviewSeenPage', description: 'Somebody has looked at this page.' })

export const markSeen = route({
  method: 'post',
  path: '/seen',
  operationId: 'markPagesSeen',
  role: 'editor',
  summary: 'Say that you have looked at pages, whether or not there is something to mark',
  description: `So that an agreement takes your silence for "nothing here". A program says the same of what it has looked at with its
\`source\`. \`seen: false\` takes it back. Pages that you have marked regions on count without this.`,
  input: {
    json: z.object({
      document_id: id,
      pages: z.array(z.int().min(1).max(1_000_000)).min(1).max(seenPagesMax),
      source: z.enum(annotationSources).default('human'),
      seen: z.boolean().default(true),
    }),
  },
  replies: {
    200: z.object({
      document_id: z.uuid(),
      pages: z.array(z.int()).meta({ description: 'All that are marked as seen by you.' }),
    }),
    ...failures('not_found'),
  },
  example: { json: { document_id: exampleDocumentId, pages: [1] } },
})

export const listSeen = route({
  method: 'get',
  path: '/seen',
  operationId: 'listPagesSeen',
  role: 'viewer',
  summary: 'List who has marked which pages of a document as seen',
  input: { query: z.object({ ...pageQuery, document_id: id }) },
  replies: { 200: pageOf(SeenPage), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId } },
})
