import { type CsvRecord, csvRecords, csvRow } from './csv-cells.ts'
import { detailsFromJson } from './details.ts'
import { Entry, parseJson } from './entry.ts'
import type { AnnotatedDocument, AnnotatedPage, Annotation, AnnotationSet } from './model.ts'
import { type ImportedSet, ImportFault, type JsonObject } from './model.ts'
import { type DocumentHead, groupByPage, SetBuilder } from './pages.ts'

const columns = [
  ...['document_id', 'document_name', 'document_attributes', 'page', 'page_width', 'page_height'],
  ...['page_attributes', 'id', 'label_name', 'label_type', 'value', 'x', 'y', 'width', 'height'],
  ...['rotation', 'confidence', 'source', 'validation', 'attributes'],
] as const
type Column = (typeof columns)[number]
type Row = Partial<Record<Column, string | number | null>>
const neededColumns = ['page', 'label_name', 'x', 'y', 'width', 'height'] as const
const documentColumns = ['document_id', 'document_name'] as const
const annotationColumns = columns.slice(columns.indexOf('id'))
const pageColumns = columns.slice(columns.indexOf('page'), columns.indexOf('id'))

/**
 * CSV after RFC 4180 with a header; a row an annotation, a row without `id` a page that has none, without `page` a
 * document that has none, with `attributes` alone the set's own. Attributes are JSON.
 * @see csv-cells.ts for how a cell is kept from being run as a formula
 */
export async function* exportCsv(set: AnnotationSet): AsyncGenerator<string> {
  yield csvRow(columns)
  if (Object.keys(set.attributes).length > 0) yield rowText({ attributes: json(set.attributes) })
  for await (const { document, page, annotations } of groupByPage(set)) {
    const cells = { ...documentCells(document), ...(page && pageCells(page)) }
    if (annotations.length === 0) yield rowText(cells)
    for (const annotation of annotations)
      yield rowText({ ...cells, ...annotationCells(annotation) })
  }
}

/**
 * Columns are known by their names in any case and may stand in any order; only `page`, `label_name` and the box are
 * needed. A document is known by its id, else its name; all of a file with neither column is of one without a name.
 * @throws {ImportFault} naming the line
 */
export function importCsv(text: string): ImportedSet {
  const records = csvRecords(text)
  const header = records.next().value
  if (!header) throw new ImportFault('line 1', 'must name the columns')
  const names = columnNames(header)
  const builder = new SetBuilder()
  let attributes: JsonObject | null = null
  for (const { line, cells } of records) {
    const row = rowFields(names, cells, `line ${line}`)
    if (isOfSet(row, names)) {
      if (attributes) throw row.fault('the attributes of the file occur twice')
      attributes = jsonCell(row, 'attributes')
    } else if (cells.some((cell) => cell !== null)) readRow(row, documentOf(row, names), builder)
  }
  return builder.build(attributes ?? {})
}

function columnNames({ line, cells }: CsvRecord): string[] {
  const names = cells.map((cell) => cell?.trim().toLowerCase() ?? '')
  const missing = neededColumns.filter((name) => !names.includes(name))
  if (missing.length > 0)
    throw new ImportFault(`line ${line}`, `lacks columns: ${missing.join(', ')}`)
  const repeated = columns.find((name) => names.indexOf(name) !== names.lastIndexOf(name))
  if (repeated) throw new ImportFault(`line ${line}`, `names the column ${repeated} twice`)
  return names
}

/** As the export writes the set's own attributes: nothing else is in the row. */
function isOfSet(row: Entry, names: readonly string[]): boolean {
  return names.includes('document_id') && Object.keys(row.fields).join() === 'attributes'
}

function documentOf(row: Entry, names: readonly string[]): DocumentHead {
  const attributes = jsonCell(row, 'document_attributes')
  const name = documentColumns.toReversed().find((column) => row.has(column))
  const id = documentColumns.find((column) => row.has(column))
  if (id && name) return { id: row.text(id), name: row.text(name), attributes }
  if (documentColumns.some((column) => names.includes(column)))
    throw row.fault('"document_id" or "document_name" must name the document')
  return { id: '', name: '', attributes }
}

const json = (object: JsonObject) =>
  Object.keys(object).length === 0 ? null : JSON.stringify(object)

function rowText(row: Row): string {
  return csvRow(columns.map((column) => row[column] ?? null))
}

function documentCells({ id, name, attributes }: AnnotatedDocument): Row {
  return { document_id: id, document_name: name, document_attributes: json(attributes) }
}

function pageCells({ number, width, height, attributes }: AnnotatedPage): Row {
  const page_attributes = json(attributes)
  return { page: number, page_width: width, page_height: height, page_attributes }
}

function annotationCells(annotation: Annotation): Row {
  const { id, box, rotation, labelName, labelType, value } = annotation
  const { confidence, source, validation, attributes } = annotation
  const [x, y, width, height] = box
  const region = { x, y, width, height, rotation }
  const label = { label_name: labelName, label_type: labelType, value }
  return { id, ...region, ...label, confidence, source, validation, attributes: json(attributes) }
}

const numberColumns = new Set<string>([
  ...['page', 'page_width', 'page_height', 'x', 'y', 'width', 'height', 'rotation', 'confidence'],
])

function rowFields(
  header: readonly string[],
  cells: readonly (string | null)[],
  place: string,
): Entry {
  if (cells.length !== header.length)
    throw new ImportFault(place, `has ${cells.length} cells, the header has ${header.length}`)
  const pairs = header.flatMap((name, index): [string, unknown][] => {
    const cell = cells[index] ?? null
    if (name === '' || cell === null) return []
    return [[name, numberColumns.has(name) ? numberOf(cell) : cell]]
  })
  return new Entry(Object.fromEntries(pairs), place)
}

// `Number('')` and `Number(' ')` are 0; such a cell stays a text, which no number column accepts.
const numberOf = (cell: string) => (cell.trim() === '' ? cell : Number(cell))

function readRow(row: Entry, document: DocumentHead, builder: SetBuilder): void {
  builder.addDocument(document)
  const hasAny = (names: readonly Column[]) => names.some((name) => row.has(name))
  const isAnnotation = hasAny(annotationColumns)
  if (hasAny(documentColumns) && !isAnnotation && !hasAny(pageColumns)) return
  const page: AnnotatedPage = {
    number: row.pageNumber('page'),
    width: row.has('page_width') ? row.size('page_width') : 1,
    height: row.has('page_height') ? row.size('page_height') : 1,
    attributes: jsonCell(row, 'page_attributes'),
  }
  builder.addPage(document, page)
  if (isAnnotation) builder.addAnnotation(annotationOf(row, document.id, page), row.place)
}

function annotationOf(row: Entry, documentId: string, page: AnnotatedPage): Annotation {
  const attributes = jsonCell(row, 'attributes')
  const details = new Entry({ ...row.fields, attributes }, row.place)
  return {
    ...detailsFromJson(details, { id: row.place }),
    documentId,
    page: page.number,
    box: row.box([row.number('x'), row.number('y'), row.number('width'), row.number('height')]),
    labelName: row.text('label_name'),
  }
}

function jsonCell(row: Entry, column: Column): JsonObject {
  if (!row.has(column)) return {}
  const place = `${row.place}, column ${column}`
  return new Entry(parseJson(row.text(column), place), place).fields
}
