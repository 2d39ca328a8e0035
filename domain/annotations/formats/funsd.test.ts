import { expect, test } from 'vitest'
import { exportFunsd, importFunsd } from './funsd.ts'
import type { AnnotationSet, FilePart, JsonObject } from './model.ts'

async function exported(set: AnnotationSet): Promise<FilePart[]> {
  const parts: FilePart[] = []
  for await (const part of exportFunsd(set)) parts.push(part)
  return parts
}

const size = () => ({ width: 200, height: 100 })
const field = {
  id: 3,
  box: [20, 10, 120, 60],
  text: 'Date:',
  label: 'question',
  words: [{ text: 'Date:', box: [20, 10, 120, 60] }],
  linking: [[3, 4]],
}
const form = (...fields: JsonObject[]): FilePart[] => [
  { path: 'forms/82.json', text: JSON.stringify({ form: fields, scan: 'front' }) },
]

test('a foreign form comes back with its words, links and unknown keys', async () => {
  const fields = [{ ...field, id: 4, text: '', mood: 'sad' }, field]
  const set = importFunsd(form(...fields), size)
  expect(set.annotations).toMatchObject([
    { id: '4', value: null },
    { id: '3', box: [0.1, 0.1, 0.5, 0.5], labelName: 'question', value: 'Date:' },
  ])
  const parts = await exported(set)
  expect(JSON.parse(parts[0]?.text ?? '')).toMatchObject({ form: fields, scan: 'front' })
  expect(importFunsd(parts)).toEqual(set)
})

test('what was changed in an exported form is taken: box, text and links', async () => {
  const set = importFunsd(form({ ...field, linking: undefined, words: undefined }), size)
  const edited = (await exported(set)).map(({ path, text }) => {
    if (path === 'octavo.json') return { path, text }
    const content = JSON.parse(text)
    const changes = { box: [0, 0, 200, 100], text: 'Day:', linking: [[3, 9]] }
    return {
      path,
      text: JSON.stringify({ ...content, form: [{ ...content.form[0], ...changes }] }),
    }
  })
  const [annotation] = importFunsd(edited).annotations
  expect(annotation).toMatchObject({ box: [0, 0, 1, 1], value: 'Day:' })
  expect(annotation?.attributes.funsd).toMatchObject({ linking: [[3, 9]] })
})

test('a form from elsewhere needs the size of its page', () => {
  expect(() => importFunsd(form(field))).toThrow(
    'forms/82.json: does not tell the size of its page, and none was given',
  )
})

test.each<[JsonObject, string]>([
  [{ box: [1, 2, 3] }, 'forms/82.json form[1]: "box" must hold 4 numbers'],
  [{ box: [5, 5, 5, 9] }, 'forms/82.json form[1]: the box must have a width and a height'],
  [{ box: [0, 0, 201, 9] }, 'forms/82.json form[1]: the box must lie on the page'],
  [{ label: null }, 'forms/82.json form[1]: "label" must be a text'],
  [{ text: 5 }, 'forms/82.json form[1]: "text" must be a text'],
])('a FUNSD field with %j is refused with its place', (change, message) => {
  expect(() => importFunsd(form(field, { ...field, ...change }), size)).toThrow(message)
})
