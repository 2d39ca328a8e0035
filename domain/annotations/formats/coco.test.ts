import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exportCoco, importCoco } from './coco.ts'
import type { AnnotationSet, JsonObject } from './model.ts'

const corpusFile = `${process.env.CORPUS_DIR ?? '../shared/data'}/annotations/coco_import_input.json`
const corpusMissing = 'no sample files: set CORPUS_DIR to their folder'

async function exported(set: AnnotationSet): Promise<JsonObject & { annotations: JsonObject[] }> {
  let text = ''
  for await (const chunk of exportCoco(set)) text += chunk
  return JSON.parse(text)
}

const file = (annotation: JsonObject) => ({
  images: [{ id: 7, width: 200, height: 100, file_name: 'a.png' }],
  categories: [{ id: 3, name: 'total' }],
  annotations: [{ id: 1, image_id: 7, category_id: 3, bbox: [20, 10, 100, 50], ...annotation }],
})
const imported = (annotation: JsonObject) => importCoco(JSON.stringify(file(annotation)))

test('a real COCO file comes back with every key it had', async ({ skip }) => {
  if (!existsSync(corpusFile)) skip(corpusMissing)
  const text = readFileSync(corpusFile, 'utf8')
  const set = importCoco(text)
  expect(set.annotations).toHaveLength(2)
  const again = await exported(set)
  expect(again).toMatchObject(JSON.parse(text))
  expect(importCoco(JSON.stringify(again))).toEqual(set)
})

test('pixels become shares of the page, and unknown keys lie in the attributes', () => {
  const set = imported({ segmentation: [[1, 2, 3]], score: 0.5 })
  expect(set.documents).toMatchObject([{ id: '7', name: 'a.png', pages: [{ number: 1 }] }])
  expect(set.annotations).toMatchObject([
    { id: '1', box: [0.1, 0.1, 0.5, 0.5], labelName: 'total', source: 'import' },
  ])
  expect(set.annotations[0]?.attributes.coco).toMatchObject({
    segmentation: [[1, 2, 3]],
    score: 0.5,
  })
})

test('a box that was moved since the import is exported where it is now', async () => {
  const set = imported({ area: 9 })
  const moved = set.annotations.map((one) => ({ ...one, box: [0, 0, 0.5, 0.5] as const }))
  const { annotations } = await exported({ ...set, annotations: moved })
  expect(annotations).toMatchObject([{ id: 1, bbox: [0, 0, 100, 50], area: 5_000 }])
})

test('numbers of two files that collide are given anew, and labels of one name share a category', async () => {
  const set = imported({})
  const [one] = set.annotations
  if (!one) throw new Error('nothing imported')
  const again = await exported({ ...set, attributes: {}, annotations: [one, one] })
  expect(new Set(again.annotations.map(({ id }) => id)).size).toBe(2)
  expect(again.categories).toMatchObject([{ name: 'total' }])
})

test('two images for one page are refused, lest the second is lost', () => {
  const octavo = { document_id: 'd', page: 1 }
  const images = [1, 2].map((id) => ({ id, width: 1, height: 1, octavo }))
  expect(() => importCoco(JSON.stringify({ images, categories: [] }))).toThrow(
    'images[1]: page 1 of document d occurs twice',
  )
})

test('an annotation of a page that is not given stops the export', async () => {
  await expect(exported({ ...imported({}), documents: [] })).rejects.toThrow(RangeError)
})

test.each<[string, unknown, string]>([
  ['no JSON', '{', 'the file: is no JSON'],
  ['no object', [], 'the file: must be an object'],
  ['no images', {}, 'the file: "images" must be a list'],
  ['a strange image', file({ image_id: 8 }), 'annotations[0]: no image has the id 8'],
  ['a strange category', file({ category_id: 8 }), 'annotations[0]: no category has the id 8'],
  ['three sides', file({ bbox: [1, 2, 3] }), 'annotations[0]: "bbox" must hold 4 numbers'],
  ['a side of text', file({ bbox: ['1', 2, 3, 4] }), 'annotations[0]: "bbox" must be a number'],
  ['an empty box', file({ bbox: [1, 2, 0, 4] }), 'the box must have a width and a height'],
  ['a box off the page', file({ bbox: [150, 0, 51, 1] }), 'the box must lie on the page'],
  [
    'a wrong extension',
    file({ octavo: { label_type: 'word' } }),
    'annotations[0].octavo: "label_type" must be one of text, number',
  ],
])('a COCO file with %s is refused with its place', (_, content, message) => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  expect(() => importCoco(text)).toThrow(
    expect.objectContaining({ name: 'ImportFault', message: expect.stringContaining(message) }),
  )
})
