import {
  detailsFromJson,
  detailsToJson,
  documentFromJson,
  documentToJson,
  pageFromJson,
  pageToJson,
} from './details.ts'
import { Entry, isObject, parseJson, without } from './entry.ts'
import { takeMeta, takesMeta, withMeta } from './label-studio-meta.ts'
import { regionOf, regionOrNull, resultsOf, shapeOf } from './label-studio-regions.ts'
import type { AnnotatedPage, Annotation, AnnotationSet, ImportedSet, JsonObject } from './model.ts'
import { groupByPage, type PageGroup, pageStem, SetBuilder } from './pages.ts'

const ours = 'label_studio'

/**
 * Label Studio tasks, one a page, with rectangles in percent and texts beside them. What it has no place for lies in
 * `meta.octavo` of the task and of the region; what a foreign file had comes from `attributes.label_studio`. A document
 * without pages, and attributes of the set, are tasks without data.
 */
export async function* exportLabelStudio(set: AnnotationSet): AsyncGenerator<string> {
  const stems = new Set<string>()
  let separator = '[\n'
  if (Object.keys(set.attributes).length > 0) {
    yield separator + JSON.stringify(bareTask({ set_attributes: set.attributes }))
    separator = ',\n'
  }
  for await (const group of groupByPage(set)) {
    yield separator + JSON.stringify(taskOf(group, stems))
    separator = ',\n'
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n'
}

/** @throws {ImportFault} naming the task and the result that cannot be read */
export function importLabelStudio(text: string): ImportedSet {
  const builder = new SetBuilder()
  let attributes: JsonObject = {}
  const tasks = new Entry({ tasks: parseJson(text) }, 'the file').entries('tasks')
  for (const [index, task] of tasks.entries()) {
    const place = new Entry(task.fields, `tasks[${index}]`)
    const { extension } = takeMeta(place)
    if (extension?.has('set_attributes')) attributes = extension.object('set_attributes')
    else readTask(place, builder)
  }
  return builder.build(attributes)
}

const bareTask = (extension: JsonObject) => withMeta({ data: {}, annotations: [] }, extension)

function taskOf({ document, page, annotations }: PageGroup, stems: Set<string>): JsonObject {
  if (!page) return bareTask({ document: documentToJson(document) })
  const given = page.attributes[ours]
  const foreign = isObject(given) && isPlaceable(given) ? given : null
  const groups = resultGroups(foreign)
  const wrapperCount = groups.length
  const later = new Map<number, JsonObject[]>()
  for (const [order, annotation] of annotations.entries()) {
    const { wrapper, results } = resultsWithMeta(annotation, page, order)
    const group = groups[wrapper] ?? later.get(wrapper) ?? []
    group.push(...results)
    if (wrapper >= wrapperCount) later.set(wrapper, group)
  }
  const wrappers = foreign && Array.isArray(foreign.annotations) ? foreign.annotations : []
  const kept = foreign ? without(page.attributes, ours) : page.attributes
  const extension = {
    document: documentToJson(document),
    page: { ...pageToJson(page), attributes: kept },
    ...(foreign && { is_foreign: true }),
    ...(foreign && Object.hasOwn(foreign, 'annotations') && { annotations: wrapperCount }),
  }
  const filled = wrappers.map((one, index) => ({ ...one, result: groups[index] }))
  const data = { image: `${pageStem(document.id, page.number, stems)}.jpg` }
  const base = foreign ?? { data, predictions: [] }
  const added = [...later.values()].map((result) => ({ result }))
  return withMeta({ ...base, annotations: [...filled, ...added] }, extension)
}

/** A foreign task can be written again if nothing of it would be taken for a region of ours. */
function isPlaceable(foreign: JsonObject): boolean {
  if (!takesMeta(foreign)) return false
  if (!Object.hasOwn(foreign, 'annotations')) return true
  const isRest = (result: unknown) => isObject(result) && !shapeOf(result)
  return (
    Array.isArray(foreign.annotations) &&
    foreign.annotations.every(
      (one) => isObject(one) && Array.isArray(one.result) && one.result.every(isRest),
    )
  )
}

function resultGroups(foreign: JsonObject | null): JsonObject[][] {
  if (!foreign || !Array.isArray(foreign.annotations)) return []
  return foreign.annotations.map(({ result }) => [...result])
}

/** A foreign result is written again as it was while it still says what the annotation says. */
function resultsWithMeta(annotation: Annotation, page: AnnotatedPage, order: number) {
  const { attributes } = annotation
  const foreign = attributes[ours]
  const { id, label_type, confidence, source, validation } = detailsToJson(annotation)
  const extension = { id, label_type, confidence, source, validation, order }
  const wrapper = isObject(foreign) && isWrapper(foreign.annotation) ? foreign.annotation : 0
  if (isObject(foreign) && isUnchanged(annotation, foreign, page)) {
    const { result, more = [] } = foreign as { result: JsonObject; more?: JsonObject[] }
    const placed = { ...extension, attributes: without(attributes, ours), wrapper }
    return { wrapper, results: [withMeta(result, placed), ...more] }
  }
  const [region = {}, ...text] = resultsOf(annotation, page, annotation.id)
  return { wrapper, results: [withMeta(region, { ...extension, attributes }), ...text] }
}

const isWrapper = (value: unknown): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

function isUnchanged(annotation: Annotation, foreign: JsonObject, page: AnnotatedPage): boolean {
  const { result, more, annotation: wrapper, ...others } = foreign
  const isOurs = Object.keys(others).length === 0 && isWrapper(wrapper)
  const isMore = more === undefined || (Array.isArray(more) && more.length > 0)
  if (!isOurs || !isMore || !isObject(result) || !takesMeta(result)) return false
  const { box, rotation, labelName, value } = annotation
  const region = regionOrNull(result, more ?? [], page)
  return JSON.stringify(region) === JSON.stringify({ box, rotation, labelName, value })
}

type Found = { result: Entry; more: JsonObject[]; wrapper: number }

function readTask(task: Entry, builder: SetBuilder): void {
  const { fields, extension } = takeMeta(task)
  if (extension && !extension.has('page'))
    return void builder.addDocument(documentFromJson(extension.entry('document')))
  const found: Found[] = []
  const wrappers = (task.has('annotations') ? task.entries('annotations') : []).map(
    (wrapper, index) => ({ ...wrapper.fields, result: readResults(wrapper, index, found) }),
  )
  const page = extension ? pageFromJson(extension.entry('page')) : foreignPage(found)
  const isForeign = !extension || extension.fields.is_foreign === true
  const count = extension ? extension.fields.annotations : fields.annotations && wrappers.length
  const kept = typeof count === 'number' ? { annotations: wrappers.slice(0, count) } : {}
  const foreign = { [ours]: { ...without(fields, 'annotations'), ...kept } }
  const document = extension ? documentFromJson(extension.entry('document')) : foreignDocument(task)
  const attributes = { ...page.attributes, ...(isForeign && foreign) }
  builder.addNewPage(document, { ...page, attributes }, task.place)
  const read = found.map((one) => annotationOf(one, document.id, page))
  for (const { annotation, place } of read.toSorted((a, b) => a.order - b.order))
    builder.addAnnotation(annotation, place)
}

/** Gathers the regions of one annotator; returns the results that belong to none. */
function readResults(annotator: Entry, wrapper: number, found: Found[]): JsonObject[] {
  const latest = new Map<unknown, Found>()
  const rest: JsonObject[] = []
  for (const result of annotator.entries('result')) {
    const { id } = result.fields
    const known = id === undefined ? undefined : latest.get(id)
    const isNew = shapeOf(result.fields) && (!known || takeMeta(result).extension)
    if (isNew) {
      const region = { result, more: [], wrapper }
      latest.set(id, region)
      found.push(region)
    } else (known?.more ?? rest).push(result.fields)
  }
  return rest
}

function annotationOf({ result, more, wrapper }: Found, documentId: string, page: AnnotatedPage) {
  const { fields, extension } = takeMeta(result)
  const hasId = result.has('id')
  const details = detailsFromJson(extension ?? new Entry({}, result.place), {
    id: hasId ? result.id('id') : result.place,
    confidence: extension || !result.has('score') ? null : scoreOf(result),
  })
  const isForeign = !extension || extension.has('wrapper')
  const foreignWrapper = extension?.has('wrapper') ? extension.number('wrapper') : wrapper
  const foreign = { annotation: foreignWrapper, result: fields, ...(more.length > 0 && { more }) }
  const annotation: Annotation = {
    ...details,
    ...regionOf(result, more, page),
    documentId,
    page: page.number,
    attributes: { ...details.attributes, ...(isForeign && { [ours]: foreign }) },
  }
  const order = extension?.has('order') ? extension.number('order') : Number.MAX_VALUE
  return { annotation, order, place: result.place }
}

function scoreOf(result: Entry): number | null {
  const score = result.fields.score
  return typeof score === 'number' && score >= 0 && score <= 1 ? score : null
}

// Percent are all that a task without sized regions knows.
function foreignPage(found: readonly Found[]): AnnotatedPage {
  const sized = found.find(({ result }) => result.has('original_width'))?.result
  const width = sized ? sized.size('original_width') : 100
  const height = sized ? sized.size('original_height') : 100
  return { number: 1, width, height, attributes: {} }
}

function foreignDocument(task: Entry) {
  const id = task.has('id') ? task.id('id') : task.place
  const name = Object.values(task.object('data')).find((value) => typeof value === 'string')
  return { id, name: String(name ?? id), attributes: {} }
}
