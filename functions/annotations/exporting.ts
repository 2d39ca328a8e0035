import type { Db } from '../../db/client.ts'
import { exportCoco } from '../../domain/annotations/formats/coco.ts'
import { exportCsv } from '../../domain/annotations/formats/csv.ts'
import { exportLabelStudio } from '../../domain/annotations/formats/label-studio.ts'
import type { AnnotatedPage, Annotation } from '../../domain/annotations/formats/model.ts'
import { exportNative } from '../../domain/annotations/formats/native.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import type * as contract from './contract.ts'
import { type AnnotationRow, findDocument, listAnnotationRows, listPageSizes } from './queries.ts'

const rowsPerRead = 1_000
const chunkCharacters = 16 * 1024

const formats = {
  json: { write: exportNative, contentType: 'application/json', suffix: 'json' },
  csv: { write: exportCsv, contentType: 'text/csv; charset=utf-8', suffix: 'csv' },
  coco: { write: exportCoco, contentType: 'application/json', suffix: 'coco.json' },
  label_studio: {
    ...{ write: exportLabelStudio, contentType: 'application/json' },
    suffix: 'label-studio.json',
  },
}

export const exportHandler =
  ({ db }: Deps): Handler<typeof contract.exportAnnotations> =>
  async (c, { query: { document_id: documentId, format } }) => {
    const { tenantId } = c
    const document = await findDocument(db, tenantId, documentId)
    if (!document) throw missing()
    const pages = await pagesOf(db, { tenantId, documentId })
    const { write, contentType, suffix } = formats[format]
    const headers = {
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="annotations-${documentId}.${suffix}"`,
    }
    const known = new Set(pages.map(({ number }) => number))
    const set = {
      documents: [{ id: documentId, name: document.filename, attributes: {}, pages }],
      annotations: annotationsOf(db, { tenantId, documentId, known }),
      attributes: {},
    }
    return streamed(c, headers, () => together(write(set)))
  }

/** Small texts in larger ones: formats write an annotation at a time, and each write to a socket costs. */
async function* together(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let whole = ''
  for await (const text of texts) {
    whole += text
    if (whole.length < chunkCharacters) continue
    yield whole
    whole = ''
  }
  if (whole !== '') yield whole
}

type OfDocument = { tenantId: string; documentId: string }

/** Pages that have been read, and those that have annotations all the same. */
async function pagesOf(db: Db, of: OfDocument): Promise<AnnotatedPage[]> {
  const rows = await listPageSizes(db, of)
  return rows.map(({ number, widthPoints, heightPoints }) => ({
    ...{ number, attributes: {} },
    ...{ width: widthPoints ?? 1, height: heightPoints ?? 1 },
  }))
}

/** A few at a time, so that a slow reader holds neither memory nor a connection. */
async function* annotationsOf(
  db: Db,
  { known, ...of }: OfDocument & { known: ReadonlySet<number> },
): AsyncGenerator<Annotation> {
  let after: readonly [number, string] | null = null
  for (;;) {
    const filter = { ...of, page: undefined, after, limit: rowsPerRead }
    const rows: AnnotationRow[] = await listAnnotationRows(db, filter)
    // One on a page that nobody knew of at the start was made since.
    for (const row of rows) if (known.has(row.page)) yield toNeutral(row)
    const last = rows.at(-1)
    if (!last || rows.length < rowsPerRead) return
    after = [last.page, last.id]
  }
}

const toNeutral = (row: AnnotationRow): Annotation => ({
  id: row.id,
  documentId: row.documentId,
  page: row.page,
  box: [row.x, row.y, row.width, row.height],
  rotation: row.rotation,
  labelType: row.labelType,
  labelName: row.labelName,
  value: row.value,
  attributes: row.attributes,
  confidence: row.confidence,
  source: row.source,
  validation: row.validation,
})
