import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { documentPages, documents, documentTags } from '../../db/schema/index.ts'
import type { Reader } from '../../domain/channels/access.ts'
import type { Source } from './blocks.ts'
import type { Filter } from './filters.ts'
import {
  type FoundText,
  type FoundTextRow,
  foundText,
  type Load,
  toFoundText,
  wantedRows,
} from './texts.ts'

/** Pages of documents that are not in the trash. */
export function pagesSource({ tenantId }: Reader, filter: Filter): Source {
  return {
    from: sql`${documentPages} p
      join ${documents} d on d.tenant_id = p.tenant_id and d.id = p.document_id`,
    where: sql`p.tenant_id = ${tenantId} and d.trashed_at is null ${conditions(filter)}`,
    id: sql`p.document_id`,
    number: sql`p.number`,
    search: sql`p.search`,
    textBytes: sql`octet_length(p.text)`,
  }
}

function conditions({ documentId, userId, from, to, status, language, tags }: Filter): SQL {
  return sql.join([
    ...tags.map(
      (tag) => sql` and exists (select from ${documentTags} g where g.tenant_id = p.tenant_id
        and g.document_id = p.document_id and g.folded = ${tag})`,
    ),
    documentId === undefined ? sql`` : sql` and p.document_id = ${documentId}`,
    userId === undefined ? sql`` : sql` and d.user_id = ${userId}`,
    status === undefined ? sql`` : sql` and d.status = ${status}`,
    language === undefined ? sql`` : sql` and d.language = ${language}`,
    from === undefined ? sql`` : sql` and d.created_at >= ${from.toISOString()}::timestamptz`,
    to === undefined ? sql`` : sql` and d.created_at < ${to.toISOString()}::timestamptz`,
  ])
}

type PageColumns = {
  id: string // of the document
  number: number
  filename: string
  title: string | null
  words: Uint8Array
}
export type PageHit = PageColumns & { type: 'page'; found: FoundText }

/** A page that has gone meanwhile is left out. */
export async function loadPages(db: Db, { reader, keys, words }: Load): Promise<PageHit[]> {
  // The cut is that of the generated column.
  const rows = await db.execute<PageColumns & FoundTextRow>(sql`
    select p.document_id as id, p.number, p.words, d.filename, d.title,
      ${foundText(sql`left(p.text, 200000)`, sql`p.search`, words)}
    from ${wantedRows(keys)}
    join ${documentPages} p
      on p.tenant_id = ${reader.tenantId} and p.document_id = w.id and p.number = w.number
    join ${documents} d
      on d.tenant_id = p.tenant_id and d.id = p.document_id and d.trashed_at is null`)
  return rows.map((row) => ({ ...row, type: 'page', found: toFoundText(row) }))
}
