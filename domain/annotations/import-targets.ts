import { sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import type { AnnotatedDocument, ImportedSet } from './formats/model.ts'

/** A document of the tenant that one of a file stands for. */
export type Target = { id: string; filename: string; pageCount: number | null }
/** Why a document of a file stands for none here. */
export type TargetFault = { document: AnnotatedDocument; code: string; reason: string }

type Wanted = { tenantId: string; documentId: string | undefined }

/**
 * Finds the documents that a file speaks of: the one that was named, else by id, else by file name, with or without its
 * ending; Label Studio's own beginning of an uploaded name is passed over.
 * @returns by the file's own id of the document
 */
export async function findTargets(
  db: Db,
  set: ImportedSet,
  { tenantId, documentId }: Wanted,
): Promise<{ targets: Map<string, Target>; faults: TargetFault[] }> {
  const candidates = set.documents.map((document) => ({ document, names: namesOf(document) }))
  const rows = await findDocuments(db, tenantId, {
    ids: documentId === undefined ? set.documents.map(({ id }) => id.toLowerCase()) : [documentId],
    names: documentId === undefined ? candidates.flatMap(({ names }) => names) : [],
  })
  const targets = new Map<string, Target>()
  const faults: TargetFault[] = []
  const taken = new Set<string>()
  for (const { document, names } of candidates) {
    const found = documentId === undefined ? matching(rows, document, names) : rows
    const [target] = found
    const isNamed = document.name !== '' || document.id !== ''
    const code = isNamed || documentId ? faultCode(found, set, documentId) : 'unnamed'
    if (code === null && target && !taken.has(target.id)) {
      targets.set(document.id, target)
      taken.add(target.id)
    } else faults.push({ document, ...faultReasons[code ?? 'repeated'] })
  }
  return { targets, faults }
}

function faultCode(
  found: readonly Target[],
  { documents }: ImportedSet,
  documentId: string | undefined,
): keyof typeof faultReasons | null {
  if (documentId !== undefined && documents.length > 1) return 'several'
  if (found.length === 0) return documentId === undefined ? 'unknown' : 'not_found'
  return found.length > 1 ? 'ambiguous' : null
}

const fault = (code: string, reason: string) => ({ code, reason })
const faultReasons = {
  unknown: fault('unknown_document', 'no document is called so: upload it, or give document_id'),
  unnamed: fault(
    'unknown_document',
    'the file does not say which document it is: give document_id',
  ),
  ambiguous: fault(
    'ambiguous_document',
    'several documents are called so: put the id of one in place of the name, or give document_id',
  ),
  repeated: fault('repeated_document', 'another entry of the file stands for the same document'),
  several: fault(
    'several_documents',
    'document_id fits a file with one document, and this has several',
  ),
  not_found: fault('not_found', 'there is no document with the id of document_id'),
}

function matching(rows: readonly Target[], { id }: AnnotatedDocument, names: readonly string[]) {
  const byId = rows.filter((row) => row.id === id.toLowerCase())
  if (byId.length > 0) return byId
  for (const name of names) {
    const same = rows.filter(({ filename }) => filename === name)
    if (same.length > 0) return same
  }
  const stems = new Set(names.map(stemOf))
  return rows.filter(({ filename }) => stems.has(stemOf(filename)))
}

const stemOf = (name: string): string => name.replace(/\.[^.]*$/, '')

/** The name as it stands, without its folders, and without what Label Studio puts before it. */
function namesOf({ name }: AnnotatedDocument): string[] {
  const base = (unescaped(name).split(/[?#]/, 1)[0] ?? '').split(/[/\\]/).at(-1) ?? ''
  const names = [name, base, base.replace(/^[0-9a-f]{8}-/, '')]
  return [...new Set(names.filter((one) => one !== '' && !one.includes('\u0000')))]
}

function unescaped(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function findDocuments(
  db: Db,
  tenantId: string,
  { ids, names }: { ids: readonly string[]; names: readonly string[] },
): Promise<Target[]> {
  const wanted = `{${ids.filter((id) => uuidPattern.test(id)).join(',')}}`
  const stems = JSON.stringify(names.map(stemOf))
  const rows = await db.execute<Target>(sql`
    select id, filename, page_count as "pageCount" from documents
    where tenant_id = ${tenantId} and trashed_at is null and (id = any(${wanted}::uuid[])
      or regexp_replace(filename, '\\.[^.]*$', '') in (select jsonb_array_elements_text(${stems}::jsonb)))`)
  return [...rows]
}
