import { areCategories, CocoCategories } from './coco-categories.ts'
import { detailsFromJson, detailsToJson, documentFromJson, documentToJson } from './details.ts'
import { Entry, parseJson, wholeFile } from './entry.ts'
import { type ForeignPlace, joinForeign, splitForeign } from './foreign.ts'
import { FreeNumbers } from './free-numbers.ts'
import type {
  AnnotatedDocument,
  AnnotatedPage,
  Annotation,
  AnnotationSet,
  Box,
  ImportedSet,
  JsonObject,
} from './model.ts'
import { pageStem, SetBuilder } from './pages.ts'

const topPlace: ForeignPlace = {
  name: 'coco',
  written: ['octavo', 'images', 'annotations'],
  derived: ['categories'],
}
const imagePlace: ForeignPlace = {
  name: 'coco',
  written: ['octavo', 'width', 'height'],
  derived: ['id', 'file_name'],
}
// Derived from the annotation; a foreign file's own values win as long as they agree with it.
const annotationPlace: ForeignPlace = {
  name: 'coco',
  written: ['octavo', 'image_id'],
  derived: ['id', 'category_id', 'bbox', 'area', 'iscrowd'],
}

type Image = { id: number; page: AnnotatedPage }
type Numbers = { categories: CocoCategories; annotations: FreeNumbers }

/**
 * COCO object detection: an image a page, an annotation a line. What COCO has no place for lies under the key `octavo`
 * of the file, the image and the annotation; foreign keys come from `attributes.coco` of each.
 * @throws {RangeError} an annotation's page is not in the set
 */
export async function* exportCoco(set: AnnotationSet): AsyncGenerator<string> {
  const top = splitTop(set.attributes)
  const documents = set.documents.map(documentToJson)
  yield `{"octavo":${JSON.stringify({ ...top.extension, documents })}`
  for (const [key, value] of Object.entries(top.keys))
    yield `,\n${JSON.stringify(key)}:${JSON.stringify(value)}`
  const images = new Map<string, Image>()
  yield ',\n"images":['
  yield* imageLines(set, images)
  yield '],\n"annotations":['
  const categories = new CocoCategories(areCategories(top.given) ? top.given : [])
  const numbers = { categories, annotations: new FreeNumbers() }
  let separator = '\n'
  for await (const annotation of set.annotations) {
    const image = images.get(pageKey(annotation.documentId, annotation.page))
    if (!image) throw new RangeError(`Annotation ${annotation.id} is on a page that is not given`)
    yield separator + JSON.stringify(annotationToCoco(annotation, image, numbers))
    separator = ',\n'
  }
  yield `],\n"categories":${JSON.stringify(categories.all)}}\n`
}

/** @throws {ImportFault} naming the image, annotation or category that cannot be read */
export function importCoco(text: string): ImportedSet {
  const file = new Entry(parseJson(text), wholeFile)
  const builder = new SetBuilder()
  const extension = file.has('octavo') ? file.entry('octavo') : null
  const documents = extension?.has('documents') ? extension.entries('documents') : []
  for (const document of documents) builder.addDocument(documentFromJson(document))
  const images = readImages(file, builder)
  const names = new Map(
    file.entries('categories').map((entry) => [entry.id('id'), entry.text('name')]),
  )
  for (const entry of file.has('annotations') ? file.entries('annotations') : []) {
    const image = images.get(entry.id('image_id'))
    if (!image) throw entry.fault(`no image has the id ${entry.id('image_id')}`)
    const labelName = names.get(entry.id('category_id'))
    if (labelName === undefined)
      throw entry.fault(`no category has the id ${entry.id('category_id')}`)
    builder.addAnnotation(annotationFromCoco(entry, { ...image, labelName }), entry.place)
  }
  return builder.build(joinForeign(file, extension, topPlace))
}

const pageKey = (documentId: string, page: number) => JSON.stringify([documentId, page])

function splitTop(attributes: JsonObject): {
  keys: JsonObject
  extension: JsonObject
  given: unknown
} {
  const { foreign, keys, extension } = splitForeign(attributes, topPlace)
  const isWritable = !Object.hasOwn(foreign, 'categories') || areCategories(foreign.categories)
  if (!isWritable) return { keys: {}, extension: { attributes }, given: [] }
  return { keys, extension, given: foreign.categories }
}

function* imageLines(set: AnnotationSet, images: Map<string, Image>): Generator<string> {
  const numbers = new FreeNumbers()
  const stems = new Set<string>()
  for (const document of set.documents)
    for (const page of document.pages) {
      const { foreign, keys, extension } = splitForeign(page.attributes, imagePlace)
      const { number, width, height } = page
      const id = numbers.claim(foreign.id)
      const stem = pageStem(document.id, number, stems)
      const name = typeof foreign.file_name === 'string' ? foreign.file_name : `${stem}.jpg`
      const octavo = { document_id: document.id, page: number, ...extension }
      const image = { ...keys, id, width, height, file_name: name, octavo }
      yield (images.size === 0 ? '\n' : ',\n') + JSON.stringify(image)
      images.set(pageKey(document.id, number), { id, page })
    }
}

function readImages(file: Entry, builder: SetBuilder) {
  const images = new Map<string, { documentId: string; page: AnnotatedPage }>()
  for (const image of file.entries('images')) {
    const id = image.id('id')
    if (images.has(id)) throw image.fault(`the id ${id} occurs twice`)
    const { document, page } = pageFromImage(image)
    builder.addNewPage(document, page, image.place)
    images.set(id, { documentId: document.id, page })
  }
  return images
}

function pageFromImage(image: Entry) {
  const extension = image.has('octavo') ? image.entry('octavo') : null
  const id = extension ? extension.id('document_id') : image.id('id')
  const name = image.has('file_name') ? image.text('file_name') : id
  const document: AnnotatedDocument = { id, name, attributes: {}, pages: [] }
  const page: AnnotatedPage = {
    number: extension ? extension.pageNumber('page') : 1,
    width: image.size('width'),
    height: image.size('height'),
    attributes: joinForeign(image, extension, imagePlace),
  }
  return { document, page }
}

function annotationToCoco(annotation: Annotation, image: Image, numbers: Numbers): JsonObject {
  const { foreign, keys, extension } = splitForeign(annotation.attributes, annotationPlace)
  const isBoxKept = isSameBox(foreign.bbox, annotation.box, image.page)
  const { width, height } = image.page
  const [x, y, boxWidth, boxHeight] = annotation.box
  const area = boxWidth * width * boxHeight * height
  return {
    ...keys,
    id: numbers.annotations.claim(foreign.id),
    image_id: image.id,
    category_id: numbers.categories.numberOf(annotation.labelName, foreign.category_id),
    bbox: isBoxKept ? foreign.bbox : [x * width, y * height, boxWidth * width, boxHeight * height],
    area: isBoxKept ? (foreign.area ?? area) : area,
    iscrowd: foreign.iscrowd ?? 0,
    octavo: { ...detailsToJson(annotation), ...extension },
  }
}

type Target = { documentId: string; page: AnnotatedPage; labelName: string }

function annotationFromCoco(entry: Entry, { documentId, page, labelName }: Target): Annotation {
  const extension = entry.has('octavo') ? entry.entry('octavo') : null
  const bbox = entry.numbers('bbox', 4)
  return {
    ...detailsFromJson(extension ?? new Entry({}, entry.place), {
      id: entry.has('id') ? entry.id('id') : entry.place,
    }),
    documentId,
    page: page.number,
    box: entry.box(boxInPage(bbox, page)),
    labelName,
    attributes: joinForeign(entry, extension, annotationPlace),
  }
}

function boxInPage([x = 0, y = 0, width = 0, height = 0]: readonly number[], page: AnnotatedPage) {
  return [x / page.width, y / page.height, width / page.width, height / page.height] as const
}

function isSameBox(bbox: unknown, box: Box, page: AnnotatedPage): boolean {
  if (!Array.isArray(bbox) || !bbox.every((side) => typeof side === 'number')) return false
  return bbox.length === 4 && boxInPage(bbox, page).every((side, index) => side === box[index])
}
