import * as z from 'zod'
import { annotationSources } from '../../db/schema/annotations.ts'
import { Annotation } from '../../domain/annotations/representation.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

export const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'
const exceptMax = 100
const count = z.int().min(0)

/** What of the queue is asked for; in a query numbers are texts. */
const filters = (share: z.ZodType<number>) => ({
  document_id: z.uuid().toLowerCase().optional(),
  batch_id: z.uuid().toLowerCase().optional().meta({ description: 'Of its documents.' }),
  label_name: z.string().min(1).max(200).optional().meta({ example: 'total' }),
  source: z.enum(annotationSources).optional(),
  max_confidence: share.optional().meta({
    description: 'Not above this; those without a confidence are left out, too.',
    example: 0.9,
  }),
  not_by: z.enum(['me']).optional().meta({
    description:
      'Leaves out what you have marked yourself; what came in by your key from a model or an import stays.',
  }),
})

const ReviewItem = z
  .object({
    annotation: Annotation,
    filename: z.string().meta({ description: 'Of the document.' }),
    lock: z
      .object({ user_id: z.uuid(), locked_until: z.iso.datetime() })
      .nullable()
      .meta({ description: 'Who is working on it, also as an annotator.' }),
  })
  .meta({ id: 'ReviewItem', description: 'An annotation that waits for a verdict.' })

export const listQueue = route({
  method: 'get',
  path: '/queue',
  operationId: 'listReviewQueue',
  role: 'viewer',
  summary: 'List annotations that wait for review, the least confident first',
  description: `Pending ones of documents that are not in the trash. Those without a confidence, as people make them, come
last. A page of the list begins behind the last item of the page before, whatever was judged meanwhile: none is left out, none
comes twice. The verdict is given by \`POST /v1/annotations/{id}/validate\`.`,
  input: {
    query: z.object({ ...pageQuery, ...filters(z.coerce.number().min(0).max(1)) }),
  },
  replies: { 200: pageOf(ReviewItem), ...failures('invalid_cursor') },
  example: { query: { max_confidence: '0.9', limit: '10' } },
})

export const leaseNext = route({
  method: 'post',
  path: '/next',
  operationId: 'leaseNextReview',
  role: 'editor',
  summary: 'Take the next annotation to review',
  description: `The first one of the queue that nobody else is working on, locked for you; two who ask at once get
different ones. What you have and did not judge yet comes first, so that asking again after a break goes on where you were;
name it in \`except\` to get another one. \`item\` is null when there is none. The lock is that of
\`PUT /v1/annotations/{id}/lock\`: \`DELETE\` there gives it back.`,
  input: {
    json: z.object({
      ...filters(z.number().min(0).max(1)),
      except: z
        .array(z.uuid().toLowerCase())
        .max(exceptMax)
        .default([])
        .meta({ description: 'Ids of annotations that you do not want now.' }),
      lease_seconds: z.int().min(10).max(3_600).default(300).meta({ example: 300 }),
    }),
  },
  replies: { 200: z.object({ item: ReviewItem.nullable() }), ...failures() },
  example: { json: { not_by: 'me', lease_seconds: 300 } },
})

const counts = {
  pending: count,
  valid: count,
  invalid: count,
  corrected: count,
  mean_confidence: z.number().nullable().meta({
    description: 'Of those that have one.',
    example: 0.87,
  }),
}

const DocumentReview = z
  .object({
    document_id: z.uuid(),
    filename: z.string(),
    annotations: count,
    ...counts,
    labels: z.array(z.object({ label_name: z.string(), annotations: count, ...counts })),
  })
  .meta({ id: 'DocumentReview', description: 'How far the review of a document is.' })

export const summarize = route({
  method: 'get',
  path: '/summary',
  operationId: 'summarizeReviews',
  role: 'viewer',
  summary: 'Count what is pending, valid, invalid and corrected, by document and label',
  description: 'Of documents that have annotations and are not in the trash, the oldest first.',
  input: {
    query: z.object({ ...pageQuery, document_id: z.uuid().toLowerCase().optional() }),
  },
  replies: { 200: pageOf(DocumentReview), ...failures('invalid_cursor') },
  example: { query: { document_id: exampleDocumentId } },
})
