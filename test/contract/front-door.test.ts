import { expect, test } from 'vitest'
import { allOperations, hostileFaults, startUnlimited } from './front-door.ts'

const requestsPerOperation = 10

const [stack, operations] = await Promise.all([startUnlimited(), allOperations()])

test.each(operations.map((operation) => [operation.route.operationId, operation] as const))(
  `${requestsPerOperation} hostile requests to %s through the front door get no 5xx, no hang, and problem+json`,
  { timeout: 300_000 },
  async (_, operation) => {
    expect(await hostileFaults(stack, operation, requestsPerOperation)).toEqual([])
  },
)
