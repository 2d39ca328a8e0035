import { expect, test } from 'vitest'
import { type Operation, setupAll } from './functions.ts'
import { hostileRequests, partsOf, seededRandom, seedOf } from './hostile-requests.ts'
import { createResources, type Resources } from './resources.ts'

const isLongRun = process.env.OCTAVO_TEST_LONG === '1'
/** Enough that each part meets most of the hostile values: what has more parts is asked more often. */
const countFor = (parts: number): number => (isLongRun ? 1_000 : Math.min(300, 80 + 20 * parts))
// As many as the pool has connections; what arrives together also meets one another.
const lanes = 4
// A request of this suite takes milliseconds; whoever waits this long hangs.
const hangMs = 12_000

const bench = await setupAll()
const read = await createResources(bench, 'read')
// Much hangs on a row of these, and goes with it.
const hubs = new Set(['channels', 'documents', 'users'])

/** Who only reads leaves the rows as they are; who writes gets rows of its own. */
async function resourcesFor({ route, functionName }: Operation): Promise<Resources> {
  if (route.method === 'get') return read
  const kinds = hubs.has(functionName) ? undefined : [functionName]
  return createResources(bench, route.operationId.toLowerCase(), kinds)
}

async function answered(request: Request): Promise<Response> {
  const response = await Promise.race([
    bench.app.fetch(request),
    new Promise<never>((_, reject) => setTimeout(reject, hangMs, new Error('hangs')).unref()),
  ])
  // A stream of events has no end of its own while its document is unfinished.
  if (response.headers.get('content-type') === 'text/event-stream') await response.body?.cancel()
  return response
}

async function faultOf(response: Response): Promise<string | null> {
  if (response.status >= 500) return `status ${response.status}: ${await response.text()}`
  if (response.status < 400) return null
  if (response.headers.get('content-type') !== 'application/problem+json')
    return `content type ${response.headers.get('content-type')}`
  const problem = (await response.json()) as Record<string, unknown>
  const lacking = ['type', 'title', 'status', 'detail', 'instance', 'code'].filter(
    (field) => problem[field] === undefined,
  )
  return lacking.length > 0 ? `problem without ${lacking.join(', ')}` : null
}

test.each(bench.operations.map((operation) => [operation.route.operationId, operation] as const))(
  'hostile requests to %s get no 5xx, no hang, and only problem+json as errors',
  { timeout: 120_000 },
  async (operationId, operation) => {
    const resources = await resourcesFor(operation)
    const requests = hostileRequests(operation, resources[operation.functionName] ?? {}, {
      key: bench.tenant.keys.admin,
      count: countFor(partsOf(operation)),
      seed: seedOf(operationId),
    })
    const faults: string[] = []
    const waiting = requests.values()
    const lane = async () => {
      for (const { url, init, description } of waiting) {
        const fault = await faultOf(await answered(new Request(url, init)))
        if (fault) faults.push(`${fault} <- ${description}`)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    // A tenant has at most twenty of them.
    if (resources !== read && resources.webhooks)
      await bench.del(`/v1/webhooks/${resources.webhooks.id}`)
    expect(faults).toEqual([])
  },
)

test('the generator repeats itself for the same seed and differs for another', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed))
  expect(draw(1)).toEqual(draw(1))
  expect(draw(1)).not.toEqual(draw(2))
})
