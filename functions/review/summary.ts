import { type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Db } from '../../db/client.ts'
import { toPage } from '../_shared/http/pages.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'

type Counted = {
  labelName: string
  pending: number
  valid: number
  invalid: number
  corrected: number
  confidences: number // how many have one
  confidenceSum: number
}
type DocumentRow = { documentId: string; filename: string; labels: Counted[] }
type Chosen = { tenantId: string; documentId: string | undefined; after: string | null }

/**
 * Documents with annotations, in order. The index is entered once a document: reading each annotation only to leave it out
 * again would cost as much as all of them.
 */
const annotated = ({ tenantId, documentId, after }: Chosen): SQL => sql`
  with recursive annotated as (
    (select a.document_id from annotations a
      where a.tenant_id = ${tenantId} and a.deleted_at is null
        and (${documentId ?? null}::uuid is null or a.document_id = ${documentId ?? null}::uuid)
        and (${after}::uuid is null or a.document_id > ${after}::uuid)
      order by a.document_id limit 1)
    union all
    select (select a.document_id from annotations a
      where a.tenant_id = ${tenantId} and a.deleted_at is null and a.document_id > s.document_id
        and ${documentId ?? null}::uuid is null
      order by a.document_id limit 1)
    from annotated s where s.document_id is not null
  )`

async function listCounts(db: Db, chosen: Chosen, limit: number): Promise<DocumentRow[]> {
  const rows = await db.execute<Omit<DocumentRow, 'labels'> & Counted>(sql`
    ${annotated(chosen)}, chosen as (
      -- Laterally, so that the order stays and no more documents are looked for than are shown.
      select s.document_id as id, d.filename from annotated s cross join lateral (
        select d.filename from documents d
        where d.tenant_id = ${chosen.tenantId} and d.id = s.document_id and d.trashed_at is null limit 1
      ) d limit ${limit}
    )
    select c.id as "documentId", c.filename, a.label_name as "labelName",
      count(*) filter (where a.validation = 'pending')::int as pending,
      count(*) filter (where a.validation = 'valid')::int as valid,
      count(*) filter (where a.validation = 'invalid')::int as invalid,
      count(*) filter (where a.validation = 'corrected')::int as corrected,
      count(a.confidence)::int as confidences, coalesce(sum(a.confidence), 0) as "confidenceSum"
    from chosen c join annotations a on a.tenant_id = ${chosen.tenantId} and a.document_id = c.id
    where a.deleted_at is null
    group by c.id, c.filename, a.label_name order by c.id, a.label_name collate "C"`)
  const byDocument = Map.groupBy(rows, ({ documentId }) => documentId)
  return [...byDocument].map(([documentId, labels]) => ({
    ...{ documentId, filename: labels[0]?.filename ?? '' },
    labels,
  }))
}

const totalOf = (labels: readonly Counted[], name: Exclude<keyof Counted, 'labelName'>): number =>
  labels.reduce((sum, label) => sum + label[name], 0)

function countsOf(labels: readonly Counted[]) {
  const [pending, valid] = [totalOf(labels, 'pending'), totalOf(labels, 'valid')]
  const [invalid, corrected] = [totalOf(labels, 'invalid'), totalOf(labels, 'corrected')]
  const confidences = totalOf(labels, 'confidences')
  return {
    annotations: pending + valid + invalid + corrected,
    ...{ pending, valid, invalid, corrected },
    mean_confidence: confidences === 0 ? null : totalOf(labels, 'confidenceSum') / confidences,
  }
}

const toReview = ({ documentId, filename, labels }: DocumentRow) => ({
  ...{ document_id: documentId, filename },
  ...countsOf(labels),
  labels: labels.map((label) => ({ label_name: label.labelName, ...countsOf([label]) })),
})

export const summaryHandler =
  ({ db }: Deps): Handler<typeof contract.summarize> =>
  async (c, { query: { document_id: documentId, cursor, limit } }) => {
    const { tenantId, url, cursors } = c
    const scope = `${tenantId}|summarizeReviews|${documentId ?? ''}`
    const [after] = cursor ? await cursors.read(scope, cursor, z.tuple([z.uuid()])) : [null]
    const rows = await listCounts(db, { tenantId, documentId, after }, limit + 1)
    const position = (row: DocumentRow) => [row.documentId]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toReview })
    return reply(200, page.body, { headers: page.headers })
  }
