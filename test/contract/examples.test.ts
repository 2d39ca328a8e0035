import { expect, test } from 'vitest'
import * as z from 'zod'
import { completeDocument } from '../harness/documents.ts'
import { type Operation, setupAll } from './functions.ts'
import { createResources, type Resources } from './resources.ts'

const bench = await setupAll()

// These need a completed document; others, such as cancelling, one that is not.
const readsResults = /\/(pages|text)\b/

async function complete({ documents, jobs }: Resources): Promise<void> {
  const document = {
    id: documents?.id ?? '',
    job_id: jobs?.id ?? '',
    status: 'pending',
    version: 1,
  }
  const tenantId = bench.tenant.id
  await completeDocument(bench.db, { tenantId, document, pages: ['One page.', 'Another.'] })
}

/** What the reference page shows for an operation, sent for real; ids in it are those of real rows. */
async function send({ route, path, functionName }: Operation): Promise<Response> {
  // Each example gets rows of its own: some of them end what they are shown on.
  const resources = await createResources(bench, `example-${route.operationId.toLowerCase()}`)
  if (readsResults.test(path)) await complete(resources)
  const params = { ...route.example?.param, ...resources[functionName] }
  const url = path.replaceAll(/:(\w+)/g, (_, name: string) => params[name as 'id'] ?? '1')
  const query = new URLSearchParams(route.example?.query).toString()
  const actor = route.role === 'operator' ? bench.operator : bench
  return actor.request(`${url}${query ? `?${query}` : ''}`, {
    method: route.method.toUpperCase(),
    headers: headersFor(
      route,
      actor === bench ? bench.tenant.keys.admin : bench.operator.keys.admin,
    ),
    ...bodyFor(route),
  })
}

function headersFor(route: Operation['route'], key: string): Record<string, string> {
  const type = route.input?.stream ? 'text/plain' : route.input?.json ? 'application/json' : null
  return { authorization: `Bearer ${key}`, ...(type ? { 'content-type': type } : {}) }
}

function bodyFor({ input, example }: Operation['route']): RequestInit {
  if (input?.json) return { body: JSON.stringify(example?.json) }
  return input?.stream ? { body: 'An example.' } : {}
}

test.each(bench.operations.map((operation) => [operation.route.operationId, operation] as const))(
  'the example of %s succeeds with a documented reply',
  async (_, operation) => {
    const response = await send(operation)
    const { replies } = operation.route
    const why = response.ok ? '' : await response.clone().text()
    expect(Object.keys(replies), why).toContain(String(response.status))
    const schema = replies[response.status]
    if (schema instanceof z.ZodObject)
      expect(schema.strict().safeParse(await response.json()).error).toBeUndefined()
    else await response.body?.cancel()
  },
)
