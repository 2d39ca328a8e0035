import type { Operation, setupAll } from './functions.ts'
import { createResources } from './resources.ts'
import { prepare } from './states.ts'

type Bench = Awaited<ReturnType<typeof setupAll>>

const exampleDocumentId = '0199a1c2-77aa-7aaa-8aaa-000000000002'
// Of channels, and of games, which name another one.
const exampleChannelId = /0199a1c2-77aa-7aaa-8aaa-0000000000(?:11|20)/g
const exampleUserId = '0199a1c2-77aa-7aaa-8aaa-0000000000aa'
const exampleShareToken = `oct_${'0'.repeat(32)}_${'0'.repeat(96)}`
const exampleCalendarToken = `oct_${'0'.repeat(32)}_${'2'.repeat(96)}`
const exampleInviteToken = `oct_${'0'.repeat(32)}_${'1'.repeat(96)}`

/** What the reference page shows for an operation, ready to be sent; ids in it are those of real rows. */
export async function exampleCall(
  bench: Bench,
  operation: Operation,
): Promise<() => Promise<Response>> {
  const { route, path, functionName } = operation
  // Each example gets rows of its own: some of them end what they are shown on.
  const name = `example-${route.operationId.toLowerCase()}`
  const resources = await createResources(bench, name, kindsOf(operation))
  await prepare(bench.db, operation, { tenantId: bench.tenant.id, resources })
  const params = { ...route.example?.param, ...resources[functionName] }
  const url = path.replaceAll(/:(\w+)/g, (_, name: string) => params[name as 'id'] ?? '1')
  // The ids that examples have outside their path.
  const real = (text: string) =>
    text
      .replaceAll(exampleDocumentId, resources.documents?.id ?? exampleDocumentId)
      .replaceAll(exampleChannelId, resources.channels?.id ?? '')
      .replaceAll(exampleUserId, resources.users?.id ?? exampleUserId)
      .replaceAll(exampleInviteToken, resources.channels?.token ?? exampleInviteToken)
      .replaceAll(exampleCalendarToken, resources.conferences?.token ?? exampleCalendarToken)
      .replaceAll(exampleShareToken, resources.shares?.token ?? exampleShareToken)
  const query = real(new URLSearchParams(route.example?.query).toString())
  const actor = route.role === 'operator' ? bench.operator : bench
  const key = actor === bench ? bench.tenant.keys.admin : bench.operator.keys.admin
  return async () => {
    const response = await actor.request(`${url}${query ? `?${query}` : ''}`, {
      method: route.method.toUpperCase(),
      headers: headersFor(route, key),
      ...bodyFor(route, real),
    })
    // A tenant has at most twenty of them.
    if (resources.webhooks) await bench.del(`/v1/webhooks/${resources.webhooks.id}`)
    return response
  }
}

/** Whose rows an example names, in its path and outside it, and those that bring them into the right state. */
function kindsOf({ functionName, route: { example } }: Operation): Set<string> {
  const text = JSON.stringify(example ?? {})
  const kinds = new Set([functionName, 'jobs', 'users'])
  const isOfChannel = text.search(exampleChannelId) >= 0 || text.includes(exampleInviteToken)
  if (isOfChannel) kinds.add('channels')
  if (text.includes(exampleCalendarToken)) kinds.add('conferences')
  if (text.includes(exampleShareToken)) kinds.add('shares')
  return kinds
}

function headersFor(route: Operation['route'], key: string): Record<string, string> {
  const { headers, text } = route.example ?? {}
  const streamType =
    text === undefined
      ? 'text/plain'
      : (headers?.['content-type'] ?? route.input?.stream?.mediaTypes[0] ?? null)
  const type = route.input?.stream ? streamType : route.input?.json ? 'application/json' : null
  return { authorization: `Bearer ${key}`, ...headers, ...(type ? { 'content-type': type } : {}) }
}

function bodyFor(
  { input, example }: Operation['route'],
  real: (text: string) => string,
): RequestInit {
  if (input?.json) return { body: real(JSON.stringify(example?.json)) }
  return input?.stream ? { body: real(example?.text ?? 'An example.') } : {}
}
