import fc from 'fast-check'
import { expect, test } from 'vitest'
import { annotationSources, labelTypes, validations } from '../../../db/schema/annotations.ts'
import { exportCoco, importCoco } from './coco.ts'
import { exportCsv, importCsv } from './csv.ts'
import { exportFunsd, importFunsd } from './funsd.ts'
import { exportLabelStudio, importLabelStudio } from './label-studio.ts'
import type {
  AnnotatedDocument,
  Annotation,
  Box,
  FilePart,
  ImportedSet,
  JsonObject,
} from './model.ts'
import { exportNative, importNative } from './native.ts'
import { exportYolo, importYolo } from './yolo.ts'

const share = fc.double({ min: 0, max: 1, noNaN: true })
const box = fc
  .record({ x: share, y: share, width: share, height: share })
  .map(({ x, y, width, height }): Box => {
    const side = (start: number, length: number) => Math.max(length * (1 - start), 1e-4)
    const [left, top] = [Math.min(x, 0.9999), Math.min(y, 0.9999)]
    return [left + 0, top + 0, side(left, width), side(top, height)]
  })

// Texts that formats stumble over, among any others.
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '=1+1', '-5', '+', '@x', '\t', '\r', "'=", "'", 'a,"b"\n;c', ' ', 'null'),
)
const foreignNames = ['coco', 'label_studio', 'funsd', 'octavo', 'kept', 'id', 'categories', 'bbox']
// Through JSON once, since it has no -0 and objects of the prototype that others compare.
const jsonValue = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)))
const innerObject = fc.dictionary(fc.oneof(text, fc.constantFrom(...foreignNames)), jsonValue, {
  maxKeys: 3,
  noNullPrototype: true,
})
const anyAttributes: fc.Arbitrary<JsonObject> = fc
  .dictionary(fc.oneof(text, fc.constantFrom(...foreignNames)), fc.oneof(jsonValue, innerObject), {
    maxKeys: 3,
    noNullPrototype: true,
  })
  .filter((object) => !Object.hasOwn(object, '__proto__'))

// What imports of foreign files leave behind, whole, in part and changed, on any page and annotation.
const smallId = fc.oneof(fc.nat(3), fc.constantFrom('r', '', 1.5, -1))
const labelStudioResult = fc.record(
  {
    id: smallId,
    type: fc.constantFrom('rectanglelabels', 'polygon', 'textarea', 'choices'),
    meta: fc.constantFrom({}, { text: ['note'] }, { octavo: {} }, 'none'),
    value: fc.record({ x: fc.nat(60), y: fc.nat(60), width: fc.nat(30), height: fc.nat(30) }),
  },
  { requiredKeys: ['id', 'type', 'value'], noNullPrototype: true },
)
const results = fc.array(labelStudioResult, { maxLength: 2 })
const sides = fc.array(fc.nat(9), { minLength: 3, maxLength: 4 })
const category = fc.record({ id: smallId, name: text }, { noNullPrototype: true })
const leftovers = {
  coco: fc.record(
    {
      ...{ id: smallId, bbox: sides, area: smallId, iscrowd: smallId, category_id: smallId },
      ...{ file_name: text, mood: text, categories: fc.array(category, { maxLength: 3 }) },
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  label_studio: fc.record(
    {
      ...{ annotation: smallId, result: labelStudioResult, more: results, meta: innerObject },
      annotations: fc.array(fc.record({ result: results }, { noNullPrototype: true }), {
        maxLength: 2,
      }),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
  funsd: fc.record(
    { id: smallId, words: results, linking: fc.array(sides, { maxLength: 2 }), mood: text },
    { requiredKeys: [], noNullPrototype: true },
  ),
}
const attributes: fc.Arbitrary<JsonObject> = fc.oneof(
  anyAttributes,
  fc.record(leftovers, { requiredKeys: [], noNullPrototype: true }),
)

const annotation = fc.record({
  box,
  rotation: fc
    .oneof(fc.constant(0), fc.double({ min: -360, max: 360, noNaN: true }))
    .map((d) => d + 0),
  labelType: fc.constantFrom(...labelTypes),
  labelName: text,
  value: fc.option(text),
  attributes,
  confidence: fc.option(share.map((value) => value + 0)),
  source: fc.constantFrom(...annotationSources),
  validation: fc.constantFrom(...validations),
})
const size = fc.double({ min: 1, max: 10_000, noNaN: true })
const page = fc.record({
  width: size,
  height: size,
  attributes,
  annotations: fc.array(annotation, { maxLength: 3 }),
})
const document = fc.record({ name: text, attributes, pages: fc.array(page, { maxLength: 3 }) })

/** Any set: with pages and documents that hold nothing, and attributes that look like ours and like foreign ones. */
const anySet: fc.Arbitrary<ImportedSet> = fc
  .record({
    documents: fc.uniqueArray(fc.tuple(text, document), { selector: ([id]) => id, maxLength: 3 }),
    attributes,
  })
  .map(({ documents, attributes: ofSet }) => {
    const annotations: Annotation[] = []
    const heads = documents.map(([documentId, { pages, ...head }]): AnnotatedDocument => {
      const numbered = pages.map(({ annotations: found, ...rest }, index) => {
        const number = index + 1
        for (const one of found)
          annotations.push({ ...one, id: `a${annotations.length}`, documentId, page: number })
        return { ...rest, number }
      })
      return { ...head, id: documentId, pages: numbered }
    })
    return { documents: heads, annotations, attributes: ofSet }
  })

/** Everything equal; boxes within a millionth of the page. */
function expectSameSet(actual: ImportedSet, expected: ImportedSet): void {
  expect(actual).toEqual({
    ...expected,
    annotations: expected.annotations.map((one) => ({
      ...one,
      rotation: expect.closeTo(one.rotation, 9),
      box: one.box.map((side) => expect.closeTo(side, 6)),
    })),
  })
}

async function partsOf(files: AsyncIterable<FilePart>): Promise<FilePart[]> {
  const parts: FilePart[] = []
  for await (const part of files) parts.push(part)
  return parts
}

async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const chunk of chunks) text += chunk
  return text
}

const formats: Record<string, (set: ImportedSet) => Promise<ImportedSet>> = {
  COCO: async (set) => importCoco(await textOf(exportCoco(set))),
  'native JSON': async (set) => importNative(await textOf(exportNative(set))),
  'Label Studio': async (set) => importLabelStudio(await textOf(exportLabelStudio(set))),
  YOLO: async (set) => importYolo(await partsOf(exportYolo(set))),
  FUNSD: async (set) => importFunsd(await partsOf(exportFunsd(set))),
  CSV: async (set) => importCsv(await textOf(exportCsv(set))),
}

test.each(Object.entries(formats))(
  'what %s exports it imports again as it was',
  async (_, again) => {
    const promise = fc.asyncProperty(anySet, async (set) => expectSameSet(await again(set), set))
    await fc.assert(promise, { numRuns: 300 })
  },
)
