import { beforeAll, expect, test } from 'vitest'
import type { OpenApiDocument } from '../functions/_shared/http/openapi.ts'
import { registry } from '../local-runtime/registry.ts'
import { openApiText } from './openapi.ts'

let text = ''
let document: OpenApiDocument

beforeAll(async () => {
  text = await openApiText()
  document = JSON.parse(text)
})

test('the same code gives the same text, in order', async () => {
  expect(await openApiText()).toBe(text)
  const names = Object.keys(document.components.schemas)
  expect(names).toEqual(names.toSorted())
  expect(document.info.version).toBe('1')
})

test('every function is in it', () => {
  const tags = document.tags.map(({ name }) => name)
  expect(tags).toEqual(registry.map(({ name }) => name).sort())
})

test('what may be left out of a request is always in the reply', () => {
  const { TemplateLabel, TemplateLabelInput } = document.components.schemas as Record<
    string,
    { required: string[] }
  >
  expect(TemplateLabel?.required).toContain('places')
  expect(TemplateLabelInput?.required).not.toContain('places')
  const { post } = document.paths['/v1/templates'] as { post: object }
  const sent = JSON.stringify((post as { requestBody: object }).requestBody)
  expect(sent).toContain('"#/components/schemas/TemplateLabelInput"')
})
