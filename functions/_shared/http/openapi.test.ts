import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { setup } from '../../../test/harness/setup.ts'
import { mergeOpenApi, openApiDocument } from './openapi.ts'
import { route } from './route.ts'
import { createWidgets } from './widgets.fixture.ts'

test('the document is made once, and its readers count for their address', async () => {
  const { app } = await setup(createWidgets(), { limits: { address: 2 } })
  const routes = vi.spyOn(app, 'routes', 'get')
  const url = 'http://octavo.test/v1/widgets/openapi.json'
  const ask = async () => (await app.fetch(new Request(url))).status
  expect([await ask(), await ask(), await ask()]).toEqual([200, 200, 429])
  expect(routes).toHaveBeenCalledTimes(1)
})

const Part = z.object({ size: z.int().default(1) }).meta({ id: 'Part' })
const Whole = z.object({ parts: z.array(Part) }).meta({ id: 'Whole' })
const Same = z.object({ name: z.string() }).meta({ id: 'Same' })

const documentOf = (name: string, schema: z.ZodType = Whole) => {
  const common = { path: '/', role: 'public', summary: 'Any.' } as const
  const routes = [
    route({ ...common, method: 'get', operationId: `${name}Get`, replies: { 200: schema } }),
    route({
      ...{ ...common, method: 'post', operationId: `${name}Post`, replies: { 204: null } },
      input: {
        json: schema,
        query: z.object({ limit: z.coerce.number(), tag: z.array(z.string()) }),
      },
      example: { query: { limit: '20', tag: 'new' } },
    }),
  ]
  return openApiDocument({ info: { name, summary: name }, routes }, '1')
}

test('a schema that is sent in another form than it comes back has two names, and so what holds it', () => {
  const { schemas } = documentOf('any').components
  const { WholeInput, PartInput } = schemas as Record<string, object>
  expect(JSON.stringify(WholeInput)).toContain('#/components/schemas/PartInput"')
  expect(PartInput).not.toHaveProperty('required')
  expect(schemas.Part).toHaveProperty('required', ['size'])
  expect(Object.keys(documentOf('any', Same).components.schemas).sort()).toEqual([
    'Problem',
    'Same',
  ])
})

test('the example of a number is a number, and that of a list a list', () => {
  const { post } = documentOf('any').paths['/v1/any'] as { post: { parameters: object[] } }
  expect(post.parameters).toContainEqual(expect.objectContaining({ name: 'tag', example: ['new'] }))
  expect(post.parameters).toContainEqual(expect.objectContaining({ name: 'limit', example: 20 }))
})

test('two functions with different schemas of one name are no document', () => {
  const other = z.object({ name: z.int() }).meta({ id: 'Same' })
  const one = documentOf('one', Same)
  expect(() => mergeOpenApi([one, documentOf('two', other)])).toThrow('two schemas are called Same')
  const merged = mergeOpenApi([one, documentOf('two', Same)])
  expect(Object.keys(merged.paths)).toEqual(['/v1/one', '/v1/two'])
})

test('a POST tells of the Idempotency-Key that it takes, and not of one that it refuses', () => {
  const common = {
    method: 'post',
    role: 'viewer',
    summary: 'Any.',
    replies: { 204: null },
  } as const
  const refusal = { detail: 'No reply is kept.', hint: 'Send ids.' }
  const routes = [
    route({ ...common, path: '/takes', operationId: 'takes' }),
    route({ ...common, path: '/refuses', operationId: 'refuses', refusesIdempotencyKey: refusal }),
  ]
  const { paths } = openApiDocument({ info: { name: 'any', summary: 'Any.' }, routes }, '1')
  const told = Object.values(paths).map((path) => JSON.stringify(path).includes('Idempotency-Key'))
  expect(told).toEqual([true, false])
})
