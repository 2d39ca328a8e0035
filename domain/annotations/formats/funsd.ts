import {
  detailsFromJson,
  detailsToJson,
  documentFromJson,
  documentToJson,
  pageFromJson,
  pageToJson,
} from './details.ts'
import { Entry, isObject, parseJson } from './entry.ts'
import { type ForeignPlace, joinForeign, splitForeign } from './foreign.ts'
import { FreeNumbers } from './free-numbers.ts'
import type {
  AnnotatedPage,
  Annotation,
  AnnotationSet,
  Box,
  FilePart,
  ImportedSet,
  JsonObject,
} from './model.ts'
import { groupByPage, type PageGroup, pageStem, SetBuilder } from './pages.ts'

const setPath = 'octavo.json'
const pagePlace: ForeignPlace = { name: 'funsd', written: ['octavo', 'form'], derived: [] }
// A foreign form's own words and links go back; `id` counts the fields, because `linking` names them by it.
const fieldPlace: ForeignPlace = {
  name: 'funsd',
  written: ['octavo', 'box', 'text', 'label'],
  derived: ['id', 'words', 'linking'],
}

/**
 * FUNSD forms: `<page>.json` with a field an annotation; `box` is `left, top, right, bottom` in whole pixels. The key
 * `octavo` of the form and of the field holds the rest, the exact box too. `octavo.json` lists documents and pages.
 */
export async function* exportFunsd(set: AnnotationSet): AsyncGenerator<FilePart> {
  const stems = new Set<string>()
  const pages: string[] = []
  for await (const group of groupByPage(set)) {
    const { document, page } = group
    if (!page) continue
    const path = `${pageStem(document.id, page.number, stems)}.json`
    pages.push(path)
    yield { path, text: `${JSON.stringify(formOf(group, page))}\n` }
  }
  const { attributes } = set
  const documents = set.documents.map(documentToJson)
  yield { path: setPath, text: `${JSON.stringify({ attributes, documents, pages })}\n` }
}

/**
 * @param sizeOf the size in pixels of a page that came from elsewhere, by the path of its form: FUNSD does not tell it
 * @throws {ImportFault} naming the file and its field, or a page without a size
 */
export function importFunsd(
  files: readonly FilePart[],
  sizeOf: (path: string) => { width: number; height: number } | null = () => null,
): ImportedSet {
  const builder = new SetBuilder()
  const setText = files.find(({ path }) => path === setPath)?.text
  const companion = setText === undefined ? null : new Entry(parseJson(setText, setPath), setPath)
  for (const document of companion?.entries('documents') ?? [])
    builder.addDocument(documentFromJson(document))
  const order = new Map(companion?.list('pages').map((path, index) => [path, index]))
  const placeOf = ({ path }: FilePart) => order.get(path) ?? order.size
  const forms = files.filter(({ path }) => path !== setPath && path.endsWith('.json'))
  for (const { path, text } of forms.toSorted((a, b) => placeOf(a) - placeOf(b)))
    readForm(new Entry(parseJson(text, path), path), sizeOf(path), builder)
  return builder.build(companion?.object('attributes'))
}

function formOf({ document, annotations }: PageGroup, page: AnnotatedPage): JsonObject {
  const { keys, extension } = splitForeign(page.attributes, pagePlace)
  const numbers = new FreeNumbers()
  const form = annotations.map((annotation) => fieldOf(annotation, page, numbers))
  const octavo = { document: documentToJson(document), page: pageToJson(page), ...extension }
  return { ...keys, form, octavo }
}

function fieldOf(annotation: Annotation, page: AnnotatedPage, numbers: FreeNumbers): JsonObject {
  const { foreign, keys, extension } = splitForeign(annotation.attributes, fieldPlace)
  const { box, labelName, value } = annotation
  const corners = cornersOf(box, page)
  const text = value ?? ''
  return {
    words: text === '' ? [] : [{ text, box: corners }],
    linking: [],
    ...foreign,
    ...keys,
    id: numbers.claim(foreign.id),
    box: corners,
    text,
    label: labelName,
    octavo: { ...detailsToJson(annotation), box, ...extension },
  }
}

function readForm(
  file: Entry,
  size: { width: number; height: number } | null,
  builder: SetBuilder,
): void {
  const extension = file.has('octavo') ? file.entry('octavo') : null
  const { document, page } = extension
    ? {
        document: documentFromJson(extension.entry('document')),
        page: pageFromJson(extension.entry('page')),
      }
    : foreignPage(file, size)
  const attributes = joinForeign(file, extension, pagePlace)
  builder.addNewPage(document, { ...page, attributes }, file.place)
  for (const field of file.entries('form')) {
    const place = `${file.place} ${field.place.slice(file.place.length + 1)}`
    const entry = new Entry(field.fields, place)
    const annotation = annotationOf(entry, page, document.id)
    builder.addAnnotation(annotation, place)
  }
}

function foreignPage(file: Entry, size: { width: number; height: number } | null) {
  if (!size) throw file.fault('does not tell the size of its page, and none was given')
  const id = file.place.replace(/\.json$/, '')
  return { document: { id, name: id, attributes: {} }, page: { number: 1, ...size } }
}

function annotationOf(
  field: Entry,
  page: Pick<AnnotatedPage, 'number' | 'width' | 'height'>,
  documentId: string,
): Annotation {
  const extension = field.has('octavo') ? field.entry('octavo') : null
  const text = field.text('text')
  const hasId = field.has('id')
  const details = detailsFromJson(extension ?? new Entry({}, field.place), {
    id: hasId ? field.id('id') : field.place,
  })
  return {
    ...details,
    // An empty text stands for none as well; which it was, the extension knows.
    value: text === '' ? (details.value === '' ? '' : null) : text,
    documentId,
    page: page.number,
    box: field.box(boxOf(field, extension, page)),
    labelName: field.text('label'),
    attributes: withLinks(field, joinForeign(field, extension, fieldPlace)),
  }
}

/** Links that were drawn in our own export are new: the extension does not know them. */
function withLinks(field: Entry, attributes: JsonObject): JsonObject {
  const { linking } = field.fields
  const known = isObject(attributes.funsd) ? attributes.funsd : {}
  const isNew = Array.isArray(linking) && linking.length > 0 && !Object.hasOwn(known, 'linking')
  return isNew ? { ...attributes, funsd: { ...known, linking } } : attributes
}

type Size = { width: number; height: number }

/** The exact box while the field's whole pixels still agree with it; else what the field says now. */
function boxOf(field: Entry, extension: Entry | null, size: Size): Box {
  const corners = field.numbers('box', 4)
  const [left = 0, top = 0, right = 0, bottom = 0] = corners
  if (extension?.has('box')) {
    const [x = 0, y = 0, width = 0, height = 0] = extension.numbers('box', 4)
    const exact: Box = [x, y, width, height]
    if (cornersOf(exact, size).every((corner, index) => corner === corners[index])) return exact
  }
  const [width, height] = [(right - left) / size.width, (bottom - top) / size.height]
  return [left / size.width, top / size.height, width, height]
}

function cornersOf([x, y, width, height]: Box, size: Size): number[] {
  const corners = [
    x * size.width,
    y * size.height,
    (x + width) * size.width,
    (y + height) * size.height,
  ]
  return corners.map((corner) => Math.round(corner))
}
