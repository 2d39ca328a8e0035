import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportLabelStudio, importLabelStudio } from './label-studio.ts'
import type { AnnotationSet, JsonObject } from './model.ts'

const corpusFolder = `${process.env.CORPUS_DIR ?? '../shared/data'}/annotations`
const corpusMissing = 'no sample files: set CORPUS_DIR to their folder'

async function exported(set: AnnotationSet): Promise<string> {
  let text = ''
  for await (const chunk of exportLabelStudio(set)) text += chunk
  return text
}

const size = { original_width: 200, original_height: 100 }
const rectangle = {
  ...size,
  id: 'r',
  type: 'rectanglelabels',
  value: { x: 50, y: 50, width: 10, height: 20, rotation: 0, rectanglelabels: ['total'] },
}
const file = (...result: JsonObject[]) =>
  JSON.stringify([{ id: 5, data: { image: 'a.png' }, annotations: [{ id: 1, result }] }])

test.for<[string, number]>([
  ['labelstudio_coco_export.json', 4],
  ['labelstudio_yolo_export.json', 5],
])('the real file %s comes back with every key it had', async ([name, least], { skip }) => {
  if (!existsSync(corpusFolder)) skip(corpusMissing)
  const text = readFileSync(`${corpusFolder}/${name}`, 'utf8')
  const set = importLabelStudio(text)
  expect(set.annotations.length).toBeGreaterThanOrEqual(least)
  const again = await exported(set)
  expect(JSON.parse(again)).toMatchObject(JSON.parse(text))
  expect(importLabelStudio(again)).toEqual(set)
})

const anyResult = fc
  .record({
    id: fc.constantFrom('r', 's', undefined),
    type: fc.constantFrom('rectanglelabels', 'rectangle', 'labels', 'textarea', 'choices'),
    rotation: fc.constantFrom(0, 1, 90),
    label: fc.constantFrom('total', 'word'),
    meta: fc.constantFrom(undefined, {}, { text: ['note'] }),
    score: fc.constantFrom(undefined, 0.5, 7),
  })
  .map(({ type, rotation, label, ...others }) => {
    const value = { ...rectangle.value, rotation, text: [label], labels: [label] }
    return { ...size, ...others, type, value: { ...value, [type]: [label] } }
  })

test('whatever results a foreign task mixes, each comes back once and as it was', async () => {
  const isBefore = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  const withoutOurs = (result: JsonObject) => {
    const { octavo, ...meta } = { octavo: undefined, ...(result.meta as JsonObject) }
    const had = Object(octavo).has_meta === false ? {} : { meta }
    const { meta: _, ...others } = result
    return octavo ? { ...others, ...had } : result
  }
  const promise = fc.asyncProperty(fc.array(anyResult, { maxLength: 6 }), async (results) => {
    const set = importLabelStudio(file(...results))
    const again = await exported(set)
    expect(importLabelStudio(again)).toEqual(set)
    const written: JsonObject[] = JSON.parse(again)[0].annotations[0].result.map(withoutOurs)
    const expected: JsonObject[] = JSON.parse(JSON.stringify(results))
    const sortedKeys = (list: JsonObject[]) =>
      list.map((one) => Object.fromEntries(Object.entries(one).sort())).sort(isBefore)
    expect(sortedKeys(written)).toEqual(sortedKeys(expected))
  })
  await fc.assert(promise, { numRuns: 300 })
})

test('a region with its text is one annotation, a choice without a region stays in its task', async () => {
  const text = { id: 'r', type: 'textarea', value: { text: ['12.50'] } }
  const choice = { id: 'c', type: 'choices', value: { choices: ['invoice'] } }
  const set = importLabelStudio(file(choice, rectangle, text))
  expect(set.annotations).toMatchObject([
    { id: 'r', box: [0.5, 0.5, 0.1, 0.2], labelName: 'total', value: '12.50' },
  ])
  const [task] = JSON.parse(await exported(set))
  expect(task.annotations[0].result).toMatchObject([choice, rectangle, text])
})

test('a turn around the corner becomes the same turn around the centre', () => {
  const value = { ...rectangle.value, rotation: 90 }
  const { annotations } = importLabelStudio(file({ ...rectangle, value }))
  // 20 x 20 pixels whose corner is at (100, 50): turned by 90 degrees they lie left of it.
  expect(annotations[0]?.rotation).toBe(90)
  expect(annotations[0]?.box).toEqual([0.4, 0.5, 0.1, 0.2].map((side) => expect.closeTo(side, 9)))
})

test('a region that was copied here, its foreign id too, stays two annotations', async () => {
  const set = importLabelStudio(file(rectangle))
  const annotations = set.annotations.flatMap((one) => [one, { ...one, id: 'copy' }])
  const again = importLabelStudio(await exported({ ...set, annotations }))
  expect(again.annotations).toEqual(annotations)
})

test('a region that was moved since the import is exported where it is now', async () => {
  const set = importLabelStudio(file(rectangle))
  const moved = set.annotations.map((one) => ({ ...one, box: [0, 0, 0.5, 0.5] as const }))
  const again = await exported({ ...set, annotations: moved })
  const [task] = JSON.parse(again)
  expect(task.annotations[0].result[0].value).toMatchObject({ x: 0, width: 50 })
  expect(importLabelStudio(again).annotations).toEqual(moved)
})

test('a polygon is the box around it, an ellipse and a point too, cut at the edge of the page', () => {
  const shape = (type: string, value: JsonObject) => ({ ...size, type, value })
  const points = [
    [10, 20],
    [30, 10],
    [20, 50],
  ]
  const { annotations } = importLabelStudio(
    file(
      shape('polygonlabels', { points, polygonlabels: ['area'] }),
      shape('ellipse', { x: 0, y: 50, radiusX: 10, radiusY: 20, rotation: 0 }),
      shape('keypoint', { x: 50, y: 50, width: 10 }),
    ),
  )
  const boxes = [
    [0.1, 0.1, 0.2, 0.4],
    [0, 0.3, 0.1, 0.4],
    [0.45, 0.4, 0.1, 0.2],
  ]
  expect(annotations.map(({ labelName }) => labelName)).toEqual(['area', 'region', 'region'])
  expect(annotations.map(({ box }) => box)).toEqual(
    boxes.map((sides) => sides.map((side) => expect.closeTo(side, 9))),
  )
})

test('regions keep their annotator even where the task itself was not kept', async () => {
  const text = JSON.stringify([
    { id: 5, data: {}, annotations: [{ result: [] }, { result: [{ ...rectangle, mood: 'sad' }] }] },
  ])
  const set = importLabelStudio(text)
  const bare = set.documents.map((one) => ({
    ...one,
    pages: one.pages.map((page) => ({ ...page, attributes: {} })),
  }))
  const again = importLabelStudio(await exported({ ...set, documents: bare }))
  expect(again.annotations).toEqual(set.annotations)
})

test.each<[string, string, string]>([
  ['a task twice', '[{"id":5},{"id":5}]', 'tasks[1]: page 1 of document 5 occurs twice'],
  ['no list', '{}', 'the file: "tasks" must be a list'],
  ['a task of text', '["a"]', 'tasks[0]: must be an object'],
  [
    'a rectangle without x',
    file({ ...rectangle, value: { y: 1 } }),
    'tasks[0].annotations[0].result[0].value: "x" must be a number',
  ],
  [
    'a polygon of texts',
    file({ ...size, type: 'polygon', value: { points: [['a', 'b']] } }),
    'tasks[0].annotations[0].result[0].value.points: "0" must be a number',
  ],
  [
    'a rectangle off the page',
    file({ ...rectangle, value: { ...rectangle.value, x: 95 } }),
    'result[0].value: the box must lie on the page',
  ],
])('a Label Studio file with %s is refused with its place', (_, text, message) => {
  expect(() => importLabelStudio(text)).toThrow(message)
})
