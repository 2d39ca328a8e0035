import { expect, test } from 'vitest'
import type { AnnotationSet, FilePart } from './model.ts'
import { exportYolo, importYolo } from './yolo.ts'

async function exported(set: AnnotationSet): Promise<FilePart[]> {
  const parts: FilePart[] = []
  for await (const part of exportYolo(set)) parts.push(part)
  return parts
}

const foreign = (text: string, classes = 'word\ntotal\n'): FilePart[] => [
  { path: 'labels/a.txt', text },
  { path: 'classes.txt', text: classes },
]

test("another tool's labels are boxes by their corner, an empty page is kept", () => {
  const set = importYolo([
    ...foreign('1 0.5 0.5 0.2 0.4\r\n\n'),
    { path: 'labels/b.txt', text: '' },
  ])
  expect(set.documents.map(({ id, pages }) => [id, pages.length])).toEqual([
    ['a', 1],
    ['b', 1],
  ])
  expect(set.annotations).toMatchObject([{ labelName: 'total', page: 1, confidence: null }])
  expect(set.annotations[0]?.box).toEqual([0.4, 0.3, 0.2, 0.4].map((side) => expect.closeTo(side)))
})

test('files of one name in two folders are two documents', () => {
  const text = '0 0.5 0.5 1 1'
  const parts = ['data/labels/train/a.txt', 'data/labels/val/a.txt'].map((path) => ({ path, text }))
  const { annotations } = importYolo([...parts, { path: 'classes.txt', text: 'word' }])
  expect(annotations.map(({ documentId }) => documentId)).toEqual(['train/a', 'val/a'])
})

test('a sixth number is the confidence of a prediction', () => {
  expect(importYolo(foreign('0 0.5 0.5 1 1 0.25')).annotations[0]?.confidence).toBe(0.25)
})

test('the files have names that are safe in an archive, whatever the documents are called', async () => {
  const pages = [{ number: 1, width: 1, height: 1, attributes: {} }]
  const ids = ['../../etc/x', '.._.._etc/x', 'A', 'a']
  const documents = ids.map((id) => ({ id, name: id, attributes: {}, pages }))
  const parts = await exported({ documents, annotations: [], attributes: {} })
  const paths = parts.map(({ path }) => path)
  for (const path of paths) expect(path).toMatch(/^(?:(?:labels|octavo)\/)?[\w-]+\.(?:txt|json)$/)
  expect(new Set(paths.map((path) => path.toLowerCase())).size).toBe(paths.length)
})

test('a class that was renamed in the list, and a box that was moved, are taken', async () => {
  const parts = await exported(importYolo(foreign('0 0.5 0.5 0.2 0.4', 'word')))
  const edited = parts.map(({ path, text }) => {
    if (path === 'classes.txt') return { path, text: 'term\n' }
    return { path, text: path.startsWith('labels/') ? '0 0.5 0.5 1 1' : text }
  })
  expect(importYolo(edited).annotations).toMatchObject([{ labelName: 'term', box: [0, 0, 1, 1] }])
})

test('a line that was taken out leaves its companion behind, which is said', async () => {
  const parts = await exported(importYolo(foreign('0 0.5 0.5 1 1')))
  const edited = parts.map((part) =>
    part.path.startsWith('labels/') ? { ...part, text: '' } : part,
  )
  expect(() => importYolo(edited)).toThrow(/^labels\/.*: has 0 lines, its companion .* 1;/)
})

test.each<[FilePart[], string]>([
  [[{ path: 'labels/a.txt', text: '' }], 'classes.txt: is missing'],
  [foreign('0 0.5 0.5 1'), 'labels/a.txt line 1: must be a class and the four numbers'],
  [foreign('\n0 0.5 0.5 1 wide'), 'labels/a.txt line 2: must hold numbers only'],
  [foreign('2 0.5 0.5 1 1'), 'labels/a.txt line 1: classes.txt names no class 2'],
  [foreign('0 0.9 0.5 1 1'), 'labels/a.txt line 1: the box must lie on the page'],
  [foreign('0 0.5 0.5 1 1 2'), 'labels/a.txt line 1: the confidence must be from 0 to 1'],
])('YOLO files %# are refused with their line', (files, message) => {
  expect(() => importYolo(files)).toThrow(message)
})
