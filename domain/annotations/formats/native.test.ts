import { expect, test } from 'vitest'
import { importNative } from './native.ts'

const head = { format: 'octavo-annotations', version: 1 }
const documents = [{ id: 'd', name: 'D', pages: [{ number: 1, width: 10, height: 10 }] }]
const annotation = { document_id: 'd', page: 1, box: [0, 0, 1, 1], label_name: 'total' }

test('an annotation written by hand needs its page, its box and its label only', () => {
  const set = importNative(JSON.stringify({ ...head, documents, annotations: [annotation] }))
  expect(set.annotations).toMatchObject([
    { id: 'annotations[0]', rotation: 0, value: null, source: 'import', validation: 'pending' },
  ])
})

test.each<[string, object, string]>([
  ['another format', { format: 'coco' }, 'the file: "format" must be octavo-annotations'],
  ['a later version', { version: 2 }, 'the file: "version" must be 1'],
  [
    'a page that is not there',
    { annotations: [annotation, { ...annotation, page: 2 }] },
    'annotations[1]: page 2 of its document is not in the file',
  ],
  [
    'a confidence above 1',
    { annotations: [{ ...annotation, confidence: 1.5 }] },
    'annotations[0]: "confidence" must be from 0 to 1',
  ],
  [
    'a page without width',
    { documents: [{ id: 'd', name: 'D', pages: [{ number: 1, width: 0 }] }] },
    'documents[0].pages[0]: "width" must be above 0',
  ],
])('native JSON with %s is refused with its place', (_, content, message) => {
  const text = JSON.stringify({ ...head, documents, annotations: [], ...content })
  expect(() => importNative(text)).toThrow(message)
})
