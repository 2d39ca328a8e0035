import type { Db } from '../../db/client.ts'
import { type AnnotationFormat, annotationFormats } from '../../db/schema/annotation-imports.ts'
import { type ArchivePiece, zipped } from '../archives/zip.ts'
import {
  findExportDocuments,
  findFileAttributes,
  listExportPages,
  listExportRows,
  listKeptDocuments,
} from './exporting-queries.ts'
import { exportCoco } from './formats/coco.ts'
import { exportCsv } from './formats/csv.ts'
import { isObject } from './formats/entry.ts'
import { exportFunsd } from './formats/funsd.ts'
import { exportLabelStudio } from './formats/label-studio.ts'
import type { AnnotatedDocument, Annotation, AnnotationSet, JsonObject } from './formats/model.ts'
import { exportNative } from './formats/native.ts'
import { exportYolo } from './formats/yolo.ts'

const rowsPerRead = 1_000
const chunkCharacters = 16 * 1024

export const exportFormats = annotationFormats
export type ExportFormat = AnnotationFormat

type Writer =
  | { isArchive: false; write: (set: AnnotationSet) => AsyncIterable<string> }
  | { isArchive: true; write: (set: AnnotationSet) => AsyncIterable<ArchivePiece> }
type Described = Writer & { contentType: string; suffix: string }

const json = { isArchive: false, contentType: 'application/json' } as const
const archive = { isArchive: true, contentType: 'application/zip' } as const

/** How the file of a format is called and made; an archive holds a file a page. */
export const exportKinds: Readonly<Record<ExportFormat, Described>> = {
  json: { ...json, write: exportNative, suffix: 'json' },
  csv: { ...json, write: exportCsv, contentType: 'text/csv; charset=utf-8', suffix: 'csv' },
  coco: { ...json, write: exportCoco, suffix: 'coco.json' },
  label_studio: { ...json, write: exportLabelStudio, suffix: 'label-studio.json' },
  yolo: { ...archive, write: exportYolo, suffix: 'yolo.zip' },
  funsd: { ...archive, write: exportFunsd, suffix: 'funsd.zip' },
}

export type ExportOrder = {
  tenantId: string
  /** In the order of the export; one that is not there is left out. */
  documentIds: readonly string[]
  format: ExportFormat
  /** Told after every annotation that was read. */
  onAnnotation?: () => void
}

/**
 * The annotations of documents in a format, piece by piece: pieces with one `path` are one file and follow each other;
 * formats of a single file have a single path. Pages without annotations are kept. Annotations are read a thousand at
 * a time, so that a slow reader holds neither memory nor a connection; what is changed meanwhile may be in it or not.
 */
export async function* exportFiles(db: Db, order: ExportOrder): AsyncGenerator<ArchivePiece> {
  const kind = exportKinds[order.format]
  const set = await exportedSet(db, order)
  if (kind.isArchive) return yield* kind.write(set)
  const path = `annotations.${kind.suffix}`
  for await (const text of together(kind.write(set))) yield { path, text }
}

/** The same as the bytes of one file: a zip archive where the format has many. */
export async function* exportBytes(
  db: Db,
  order: ExportOrder & { at: Date },
): AsyncGenerator<Uint8Array> {
  const pieces = exportFiles(db, order)
  if (exportKinds[order.format].isArchive) return yield* zipped(pieces, order.at)
  const encoder = new TextEncoder()
  for await (const { text } of pieces) yield encoder.encode(text)
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

async function exportedSet(db: Db, order: ExportOrder): Promise<AnnotationSet> {
  const { tenantId } = order
  const found = await findExportDocuments(db, order)
  const documentIds = found.map(({ id }) => id)
  const kept = Map.groupBy(await listKeptDocuments(db, { tenantId, documentIds }), ({ id }) => id)
  const documents: AnnotatedDocument[] = []
  for (const { id, filename } of found) {
    const pages = await listExportPages(db, { tenantId, documentId: id })
    const attributes = merged((kept.get(id) ?? []).map((one) => one.attributes))
    documents.push({ id, name: filename, attributes, pages })
  }
  const inOrder = documentIds.flatMap((id) => kept.get(id) ?? [])
  const importIds = [...new Set(inOrder.map(({ importId }) => importId))]
  return {
    documents,
    annotations: annotationsOf(db, documents, order),
    attributes: merged(await findFileAttributes(db, { tenantId, importIds })),
  }
}

/** Where several files say something of the same, the first one counts, key by key, and within the keys of a format. */
function merged(all: readonly JsonObject[]): JsonObject {
  const whole: JsonObject = {}
  for (const attributes of all)
    for (const [key, value] of Object.entries(attributes)) {
      const known = whole[key]
      whole[key] = isObject(known) && isObject(value) ? { ...value, ...known } : (known ?? value)
    }
  return whole
}

async function* annotationsOf(
  db: Db,
  documents: readonly AnnotatedDocument[],
  { tenantId, onAnnotation }: ExportOrder,
): AsyncGenerator<Annotation> {
  for (const { id: documentId, pages } of documents) {
    const known = new Set(pages.map(({ number }) => number))
    for await (const annotation of annotationsOfDocument(db, tenantId, documentId)) {
      // One on a page that nobody knew of at the start was made since.
      if (!known.has(annotation.page)) continue
      onAnnotation?.()
      yield annotation
    }
  }
}

async function* annotationsOfDocument(
  db: Db,
  tenantId: string,
  documentId: string,
): AsyncGenerator<Annotation> {
  let after: readonly [number, string] | null = null
  for (;;) {
    const filter = { tenantId, documentId, after, limit: rowsPerRead }
    const rows: Awaited<ReturnType<typeof listExportRows>> = await listExportRows(db, filter)
    for (const { x, y, width, height, ...row } of rows) yield { ...row, box: [x, y, width, height] }
    const last = rows.at(-1)
    if (!last || rows.length < rowsPerRead) return
    after = [last.page, last.id]
  }
}
