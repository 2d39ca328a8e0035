import { csvRecords, csvRow } from './csv-cells.ts'
import { detailsFromJson } from './details.ts'
import { Entry, parseJson } from './entry.ts'
import type { AnnotatedDocument, AnnotatedPage, Annotation, AnnotationSet } from './model.ts'
import { type ImportedSet, ImportFault, type JsonObject } from './model.ts'
import { groupByPage, SetBuilder } from './pages.ts'

const columns = [
  ...['document_id', 'document_name', 'document_attributes', 'page', 'page_width', 'page_height'],
  ...['page_attributes', 'id', 'label_name', 'label_type', 'value', 'x', 'y', 'width', 'height'],
  ...['rotation', 'confidence', 'source', 'validation', 'attributes'],
] as const
type Column = (typeof columns)[number]
type Row = Partial<Record<Column, string | number | null>>

/**
 * CSV after RFC 4180 with a header; a row an annotation, a row without `id` a page that has none, without `page` a
 * document that has none, without `document_id` the set's own attributes. Attributes are JSON.
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
 * Columns are known by their names and may stand in any order; only `document_id`, `page`, `label_name` and the box are
 * needed.
 * @throws {ImportFault} naming the line
 */
export function importCsv(text: string): ImportedSet {
  const records = csvRecords(text)
  const header = records.next().value
  if (!header) throw new ImportFault('line 1', 'must name the columns')
  const builder = new SetBuilder()
  let attributes: JsonObject = {}
  for (const { line, cells } of records) {
    const row = rowFields(header.cells, cells, `line ${line}`)
    if (row.has('document_id')) readRow(row, builder)
    else attributes = jsonCell(row, 'attributes')
  }
  return builder.build(attributes)
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

const numberColumns = new Set<string | null>([
  ...['page', 'page_width', 'page_height', 'x', 'y', 'width', 'height', 'rotation', 'confidence'],
])

function rowFields(
  header: readonly (string | null)[],
  cells: readonly (string | null)[],
  place: string,
): Entry {
  if (cells.length !== header.length)
    throw new ImportFault(place, `has ${cells.length} cells, the header has ${header.length}`)
  const pairs = header.flatMap((name, index): [string, unknown][] => {
    const cell = cells[index] ?? null
    if (name === null || cell === null) return []
    return [[name, numberColumns.has(name) ? numberOf(cell) : cell]]
  })
  return new Entry(Object.fromEntries(pairs), place)
}

// `Number('')` and `Number(' ')` are 0; such a cell stays a text, which no number column accepts.
const numberOf = (cell: string) => (cell.trim() === '' ? cell : Number(cell))

function readRow(row: Entry, builder: SetBuilder): void {
  const id = row.text('document_id')
  const name = row.has('document_name') ? row.text('document_name') : id
  const document = { id, name, attributes: jsonCell(row, 'document_attributes') }
  builder.addDocument(document)
  if (!row.has('page')) return
  const page: AnnotatedPage = {
    number: row.pageNumber('page'),
    width: row.has('page_width') ? row.size('page_width') : 1,
    height: row.has('page_height') ? row.size('page_height') : 1,
    attributes: jsonCell(row, 'page_attributes'),
  }
  builder.addPage(document, page)
  const isPageOnly = !row.has('id') && !row.has('label_name') && !row.has('x')
  if (!isPageOnly) builder.addAnnotation(annotationOf(row, id, page), row.place)
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
