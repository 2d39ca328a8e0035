import { expect, test } from 'vitest'
import * as z from 'zod'
import { exampleCall } from './example-calls.ts'
import { setupAll } from './functions.ts'

const bench = await setupAll()

test.each(bench.operations.map((operation) => [operation.route.operationId, operation] as const))(
  'the example of %s succeeds with a documented reply',
  async (_, operation) => {
    const response = await (await exampleCall(bench, operation))()
    const { replies } = operation.route
    const why = response.ok ? '' : await response.clone().text()
    expect(Object.keys(replies), why).toContain(String(response.status))
    const schema = replies[response.status]
    if (schema instanceof z.ZodObject)
      expect(schema.strict().safeParse(await response.json()).error).toBeUndefined()
    else await response.body?.cancel()
  },
)
