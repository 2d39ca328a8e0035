import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Db, Tx } from '../../db/client.ts'
import { type AnnotationSource, annotationSources } from '../../db/schema/annotations.ts'
import { documents, reviewSeenPages } from '../../db/schema/index.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract-agreement.ts'

type Row = typeof reviewSeenPages.$inferSelect
type Viewer = { tenantId: string; documentId: string; userId: string; source: AnnotationSource }

/** Pages of a document, as far as they are known; held, so that it cannot go before its pages are marked. */
async function holdDocument(tx: Tx, { tenantId, documentId }: Viewer) {
  const [row] = await tx
    .select({ pageCount: documents.pageCount })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
    .for('key share')
  return row ?? null
}

const marksOf = ({ tenantId, documentId, userId, source }: Viewer): SQL | undefined =>
  and(
    eq(reviewSeenPages.tenantId, tenantId),
    eq(reviewSeenPages.documentId, documentId),
    eq(reviewSeenPages.userId, userId),
    eq(reviewSeenPages.source, source),
  )

async function mark(tx: Tx, viewer: Viewer, pages: readonly number[], seenAt: Date): Promise<void> {
  const { tenantId, documentId, userId, source } = viewer
  await tx.execute(sql`
    insert into review_seen_pages (tenant_id, document_id, page, user_id, source, seen_at)
    select ${tenantId}, ${documentId}, page, ${userId}, ${source}, ${seenAt.toISOString()}
    from unnest(${`{${pages.join(',')}}`}::int[]) page on conflict do nothing`)
}

async function unmark(tx: Tx, viewer: Viewer, pages: readonly number[]): Promise<void> {
  await tx
    .delete(reviewSeenPages)
    .where(
      and(marksOf(viewer), sql`${reviewSeenPages.page} = any(${`{${pages.join(',')}}`}::int[])`),
    )
}

export const markHandler =
  ({ now }: Deps): Handler<typeof contract.markSeen> =>
  (c, { json: { document_id: documentId, source, seen, ...json } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const viewer = { tenantId, documentId, userId, source }
    // In one order, so that two who mark the same pages do not wait for each other.
    const pages = [...new Set(json.pages)].sort((one, other) => one - other)
    return c.write(async (tx) => {
      const document = await holdDocument(tx, viewer)
      if (!document) throw new AppError('not_found', 'There is nothing here.')
      const { pageCount } = document
      if (seen && pageCount !== null && (pages.at(-1) ?? 0) > pageCount)
        throw notOnDocument(
          json.pages.findIndex((page) => page > pageCount),
          pageCount,
        )
      if (seen) await mark(tx, viewer, pages, now())
      else await unmark(tx, viewer, pages)
      const marks = await tx
        .select({ page: reviewSeenPages.page })
        .from(reviewSeenPages)
        .where(marksOf(viewer))
        .orderBy(asc(reviewSeenPages.page))
      return reply(200, { document_id: documentId, pages: marks.map(({ page }) => page) })
    })
  }

function notOnDocument(index: number, pageCount: number): AppError {
  const detail = `The document has ${pageCount} pages.`
  return new AppError('invalid', detail, {
    errors: [{ in: 'body', pointer: `/pages/${index}`, code: 'not_found', detail }],
  })
}

const position = ({ page, userId, source }: Row) => [page, userId, source]
const Position = z.tuple([z.int(), z.uuid(), z.enum(annotationSources)])

type Filter = { tenantId: string; documentId: string; limit: number }

const listRows = (
  db: Db,
  { tenantId, documentId, limit }: Filter,
  after: z.output<typeof Position> | null,
): Promise<Row[]> => {
  const { page, userId, source } = reviewSeenPages
  const behind =
    after && sql`(${page}, ${userId}, ${source}) > (${after[0]}, ${after[1]}::uuid, ${after[2]})`
  return db
    .select()
    .from(reviewSeenPages)
    .where(
      and(
        eq(reviewSeenPages.tenantId, tenantId),
        eq(reviewSeenPages.documentId, documentId),
        behind ?? undefined,
      ),
    )
    .orderBy(asc(page), asc(userId), asc(source))
    .limit(limit)
}

export const listHandler =
  ({ db }: Deps): Handler<typeof contract.listSeen> =>
  async (c, { query: { document_id: documentId, cursor, limit } }) => {
    const { tenantId, url, cursors } = c
    const scope = `${tenantId}|listPagesSeen|${documentId}`
    const after = cursor ? await cursors.read(scope, cursor, Position) : null
    const rows = await listRows(db, { tenantId, documentId, limit: limit + 1 }, after)
    const item = ({ page, userId, source, seenAt }: Row) => ({
      ...{ page, user_id: userId, source },
      seen_at: seenAt.toISOString(),
    })
    const found = await toPage({ cursors, scope, url }, { rows, limit, position, item })
    return reply(200, found.body, { headers: found.headers })
  }
