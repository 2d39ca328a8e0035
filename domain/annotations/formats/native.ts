import {
  detailsFromJson,
  detailsToJson,
  documentFromJson,
  documentToJson,
  pageFromJson,
  pageToJson,
} from './details.ts'
import { Entry, parseJson, wholeFile } from './entry.ts'
import type { Annotation, AnnotationSet, ImportedSet, JsonObject } from './model.ts'
import { SetBuilder } from './pages.ts'

const format = 'octavo-annotations'
const version = 1

/** Our own JSON: the documents with their pages, then an annotation a line. Nothing is derived or rounded. */
export async function* exportNative(set: AnnotationSet): AsyncGenerator<string> {
  const documents = set.documents.map((document) => ({
    ...documentToJson(document),
    pages: document.pages.map(pageToJson),
  }))
  const head = JSON.stringify({ format, version, attributes: set.attributes, documents })
  yield `${head.slice(0, -1)},\n"annotations":[`
  let separator = '\n'
  for await (const annotation of set.annotations) {
    yield separator + JSON.stringify(annotationToJson(annotation))
    separator = ',\n'
  }
  yield ']}\n'
}

/** @throws {ImportFault} another format or a later version, or naming the entry that cannot be read */
export function importNative(text: string): ImportedSet {
  const file = new Entry(parseJson(text), wholeFile)
  if (file.fields.format !== format) throw file.fault(`"format" must be ${format}`)
  if (file.fields.version !== version) throw file.fault(`"version" must be ${version}`)
  const builder = new SetBuilder()
  for (const entry of file.entries('documents')) {
    const head = documentFromJson(entry)
    builder.addDocument(head)
    for (const page of entry.entries('pages'))
      builder.addNewPage(head, pageFromJson(page), page.place)
  }
  for (const entry of file.entries('annotations'))
    builder.addAnnotation(annotationFromJson(entry), entry.place)
  return builder.build(file.object('attributes'))
}

function annotationToJson(annotation: Annotation): JsonObject {
  const { documentId, page, box, labelName } = annotation
  const place = { document_id: documentId, page, box, label_name: labelName }
  return { ...place, ...detailsToJson(annotation) }
}

function annotationFromJson(entry: Entry): Annotation {
  const [x = 0, y = 0, width = 0, height = 0] = entry.numbers('box', 4)
  return {
    ...detailsFromJson(entry, { id: entry.place }),
    documentId: entry.id('document_id'),
    page: entry.pageNumber('page'),
    box: entry.box([x, y, width, height]),
    labelName: entry.text('label_name'),
  }
}
