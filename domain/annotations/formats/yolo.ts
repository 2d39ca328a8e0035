import {
  detailsFromJson,
  detailsToJson,
  documentFromJson,
  documentToJson,
  pageFromJson,
  pageToJson,
} from './details.ts'
import { Entry, parseJson } from './entry.ts'
import type { AnnotatedPage, Annotation, AnnotationSet, Box, FilePart } from './model.ts'
import { type ImportedSet, ImportFault } from './model.ts'
import { groupByPage, type PageGroup, pageStem, SetBuilder } from './pages.ts'

const classesPath = 'classes.txt'
const setPath = 'octavo/set.json'
// With the folders below, lest `train/a` and `val/a` become one page.
const labelPath = /(?:^|\/)labels\/(.+)\.txt$/

/**
 * YOLO detection: `labels/<page>.txt` with `class x y width height` a line (centre and size in shares of the page) and
 * `classes.txt`, one name a line. Beside it `octavo/set.json` lists documents, pages' order and exact class names, and
 * `octavo/<page>.json` holds, line by line, what YOLO has no place for. Trainers never look there.
 */
export async function* exportYolo(set: AnnotationSet): AsyncGenerator<FilePart> {
  const stems = new Set<string>()
  const names: string[] = []
  const classes = new Map<string, number>()
  const pages: string[] = []
  for await (const group of groupByPage(set)) {
    const { page } = group
    if (!page) continue
    const stem = pageStem(group.document.id, page.number, stems)
    pages.push(stem)
    const lines = group.annotations.map(({ labelName, box }) => {
      const known = classes.get(labelName) ?? names.push(labelName) - 1
      classes.set(labelName, known)
      return yoloLine(known, box)
    })
    yield { path: `labels/${stem}.txt`, text: lines.join('') }
    yield { path: `octavo/${stem}.json`, text: companionText(group, page) }
  }
  // A class is a line: what would break it becomes a space, the exact name stands in the companion.
  const list = names.map((name) => `${name.replaceAll(/[\r\n\u2028\u2029]/g, ' ')}\n`)
  yield { path: classesPath, text: list.join('') }
  const documents = set.documents.map(documentToJson)
  const { attributes } = set
  yield { path: setPath, text: JSON.stringify({ attributes, documents, pages, names }) }
}

/**
 * @param files all of an export, or `labels/*.txt` and `classes.txt` of another tool, whose pages have no known size
 * @throws {ImportFault} naming the file and its line
 */
export function importYolo(files: readonly FilePart[]): ImportedSet {
  const byPath = new Map(files.map(({ path, text }) => [path, text]))
  const builder = new SetBuilder()
  const setText = byPath.get(setPath)
  const companion = setText === undefined ? null : new Entry(parseJson(setText, setPath), setPath)
  const names = classNames(byPath, companion)
  for (const document of companion?.entries('documents') ?? [])
    builder.addDocument(documentFromJson(document))
  const stems = labelFiles(files, companion)
  for (const { path, stem, text } of stems) {
    const pagePath = `octavo/${stem}.json`
    const pageText = byPath.get(pagePath)
    const extension =
      pageText === undefined ? null : new Entry(parseJson(pageText, pagePath), pagePath)
    readPage({ path, stem, lines: filledLines(text), names, extension }, builder)
  }
  return builder.build(companion?.object('attributes'))
}

function yoloLine(classNumber: number, [x, y, width, height]: Box): string {
  return `${[classNumber, x + width / 2, y + height / 2, width, height].join(' ')}\n`
}

function companionText({ document, annotations }: PageGroup, page: AnnotatedPage): string {
  const lines = annotations.map(detailsToJson)
  return JSON.stringify({ document: documentToJson(document), page: pageToJson(page), lines })
}

/** The exact names while `classes.txt` still lists as many; a changed list wins. */
function classNames(byPath: Map<string, string>, companion: Entry | null): unknown[] {
  const text = byPath.get(classesPath)
  const exact = companion?.list('names') ?? []
  if (text === undefined && !companion)
    throw new ImportFault(classesPath, 'is missing: it must name a class a line')
  const listed = (text ?? '').split(/\r\n|\n|\r/)
  if (listed.at(-1) === '') listed.pop()
  return text === undefined || listed.length === exact.length ? restore(exact, listed) : listed
}

function restore(exact: unknown[], listed: string[]): unknown[] {
  const flat = (name: unknown) => String(name).replaceAll(/[\r\n\u2028\u2029]/g, ' ')
  return exact.map((name, index) =>
    listed[index] === undefined || flat(name) === listed[index] ? name : listed[index],
  )
}

function labelFiles(files: readonly FilePart[], companion: Entry | null) {
  const found = files.flatMap(({ path, text }) => {
    const stem = labelPath.exec(path)?.[1]
    return stem === undefined ? [] : [{ path, stem, text }]
  })
  const order = new Map(companion?.list('pages').map((stem, index) => [stem, index]))
  const placeOf = (stem: string) => order.get(stem) ?? order.size
  return found.toSorted((a, b) => placeOf(a.stem) - placeOf(b.stem))
}

type Line = { text: string; number: number }

function filledLines(text: string): Line[] {
  return text
    .split(/\r\n|\n|\r/)
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== '')
}

type PageFiles = {
  path: string
  stem: string
  lines: Line[]
  names: readonly unknown[]
  extension: Entry | null
}

function readPage({ path, stem, lines, names, extension }: PageFiles, builder: SetBuilder): void {
  const document = extension
    ? documentFromJson(extension.entry('document'))
    : { id: stem, name: stem, attributes: {} }
  const page = extension
    ? pageFromJson(extension.entry('page'))
    : { number: 1, width: 1, height: 1, attributes: {} }
  builder.addNewPage(document, page, path)
  const details = extension?.entries('lines') ?? []
  if (extension && details.length !== lines.length)
    throw new ImportFault(
      path,
      `has ${lines.length} lines, its companion ${extension.place} ${details.length}; without the companion it can be read`,
    )
  for (const [index, line] of lines.entries()) {
    const place = `${path} line ${line.number}`
    const read = readLine(line.text, { place, names })
    const { confidence, ...region } = read
    const entry = details[index] ?? new Entry({}, place)
    const id = `${stem} line ${line.number}`
    const annotation: Annotation = {
      ...detailsFromJson(entry, { id, confidence }),
      ...region,
      documentId: document.id,
      page: page.number,
    }
    builder.addAnnotation(annotation, place)
  }
}

function readLine(text: string, { place, names }: { place: string; names: readonly unknown[] }) {
  const fields = text.split(/\s+/).map(Number)
  if (fields.length !== 5 && fields.length !== 6)
    throw new ImportFault(place, 'must be a class and the four numbers of its box')
  if (!fields.every(Number.isFinite)) throw new ImportFault(place, 'must hold numbers only')
  const [classNumber = 0, x = 0, y = 0, width = 0, height = 0, confidence = null] = fields
  const labelName = names[classNumber]
  if (typeof labelName !== 'string')
    throw new ImportFault(place, `${classesPath} names no class ${classNumber}`)
  if (confidence !== null && !(confidence >= 0 && confidence <= 1))
    throw new ImportFault(place, 'the confidence must be from 0 to 1')
  const box = new Entry({}, place).box([x - width / 2, y - height / 2, width, height])
  return { labelName, box, confidence }
}
