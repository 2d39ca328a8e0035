import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Operation, setupAll } from './functions.ts'
import { createResources } from './resources.ts'

const unknownId = '0199a1c2-77aa-7aaa-8aaa-0000000000ff'

const bench = await setupAll()
const others = await createResources(bench.otherTenant, 'others')

const fieldsOf = (schema: z.ZodType | undefined): string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : []

/** The first example value that the route's schema gives for its body, with ids replaced. */
function bodyFor({ route }: Operation, id: string): unknown {
  if (!route.input?.json) return undefined
  const example = structuredClone(route.example?.json ?? {}) as Record<string, unknown>
  for (const field of fieldsOf(route.input.json)) if (field.endsWith('_id')) example[field] = id
  return example
}

async function call(operation: Operation, id: string): Promise<{ status: number; text: string }> {
  const { route, path, functionName } = operation
  const params: Record<string, string> = { ...others[functionName], id }
  const url = path.replaceAll(/:(\w+)/g, (_, name: string) => params[name] ?? '1')
  const query = fieldsOf(route.input?.query).filter((name) => name.endsWith('_id'))
  const search = query.map((name) => `${name}=${id}`).join('&')
  const body = bodyFor(operation, id)
  const response = await bench.request(`${url}${search ? `?${search}` : ''}`, {
    method: route.method.toUpperCase(),
    headers: {
      authorization: `Bearer ${bench.tenant.keys.admin}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const instance = response.headers.get('x-request-id') ?? ''
  const shown = text.replaceAll(instance, 'REQUEST').replaceAll(id, 'ID')
  return { status: response.status, text: response.status === 201 ? withoutNew(shown) : shown }
}

/** What is made anew has an id and times of its own, whatever it was asked to refer to. */
const withoutNew = (text: string): string =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'NEW')

const withId = bench.operations.filter(
  ({ path, functionName }) => path.includes(':id') && others[functionName],
)

test.each(withId.map((operation) => [operation.route.operationId, operation] as const))(
  "%s answers for another tenant's row what it answers for an unknown id: the same 404",
  async (_, operation) => {
    const foreign = others[operation.functionName]?.id ?? ''
    const [unknown, across] = [await call(operation, unknownId), await call(operation, foreign)]
    expect(across).toEqual(unknown)
    expect(across.status).toBe(404)
  },
)

const withReference = bench.operations.filter(
  ({ route }) =>
    [...fieldsOf(route.input?.query), ...fieldsOf(route.input?.json)].some((name) =>
      name.endsWith('_id'),
    ) && !route.path.includes(':id'),
)

test.each(withReference.map((operation) => [operation.route.operationId, operation] as const))(
  "%s treats another tenant's id in its query or body like an unknown one",
  async (_, operation) => {
    const unknown = await call(operation, unknownId)
    for (const { id } of Object.values(others)) {
      if (id) expect(await call(operation, id)).toEqual(unknown)
    }
  },
)

test('after all that the other tenant still has every row', async () => {
  for (const [functionName, { id }] of Object.entries(others)) {
    const response = await bench.otherTenant.get(`/v1/${functionName}/${id}`)
    expect(response.status, functionName).toBe(200)
  }
})
