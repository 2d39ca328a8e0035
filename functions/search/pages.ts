import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { documentPages, documents, documentTags } from '../../db/schema/index.ts'
import type { Reader } from '../../domain/channels/access.ts'
import type { Source } from './blocks.ts'
import { isAsked } from './conditions.ts'
import type { Filter } from './filters.ts'
import {
  type FoundText,
  type FoundTextRow,
  foundText,
  type Load,
  toFoundText,
  wantedRows,
} from './texts.ts'
import { idsMadeWithin, isMadeWithin } from './times.ts'

/** Pages of documents that are not in the trash. */
export function pagesSource({ tenantId }: Reader, filter: Filter): Source {
  const table = sql`${documentPages} p`
  const id = sql`p.document_id`
  const rows = { table, tenant: sql`p.tenant_id`, tenantId, within: idsWithin(filter) }
  const ofDocuments = documentConditions(filter, { id, rows })
  return {
    from: ofDocuments
      ? sql`${table} join ${documents} d on d.tenant_id = p.tenant_id and d.id = p.document_id`
      : table,
    where: sql`p.tenant_id = ${tenantId} and ${isNotInTrash} ${ofDocuments ?? sql``}
      ${isAsked(id, filter.documentId)} ${hasTags(filter)}`,
    ...{ id, rows },
    number: sql`p.number`,
    search: sql`p.search`,
    textBytes: sql`octet_length(p.text)`,
  }
}

// Few documents are in the trash: these are looked up at once, where the document of each match was.
const isNotInTrash = sql`not exists (select from ${documents} t where t.tenant_id = p.tenant_id
  and t.id = p.document_id and t.trashed_at is not null)`

function idsWithin(filter: Filter): SQL {
  const { first, last } = idsMadeWithin(filter)
  return sql.join([
    isAsked(sql`p.document_id`, filter.documentId),
    first === null ? sql`` : sql` and p.document_id >= ${first}::uuid`,
    last === null ? sql`` : sql` and p.document_id <= ${last}::uuid`,
  ])
}

const hasTags = ({ tags }: Filter): SQL =>
  sql.join(
    tags.map(
      (tag) => sql` and exists (select from ${documentTags} g where g.tenant_id = p.tenant_id
        and g.document_id = p.document_id and g.folded = ${tag})`,
    ),
  )

/** @returns `null` when a page is sought by nothing of its document */
function documentConditions(filter: Filter, row: Pick<Source, 'id' | 'rows'>): SQL | null {
  const { userId, status, language, from, to } = filter
  if ([userId, status, language, from, to].every((asked) => asked === undefined)) return null
  return sql.join([
    isAsked(sql`d.user_id`, userId),
    isAsked(sql`d.status`, status),
    isAsked(sql`d.language`, language),
    isMadeWithin(filter, { ...row, at: sql`d.created_at` }),
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
