import * as z from 'zod'
import { etagOf } from './etag.ts'
import type { StoredReply } from './idempotency.ts'
import type { Reply, Route } from './route.ts'

/**
 * Serialises a handler's answer.
 * @param isStored the copy kept for replays: fields that are shown once become `null`, with a hint
 */
export function renderReply(
  route: Route,
  { status, body, headers, version }: Reply,
  { isStored = false } = {},
): StoredReply {
  const schema = route.replies[status]
  const isJson = schema instanceof z.ZodType
  const shown = isStored && route.secretFields ? withoutSecrets(body, route.secretFields) : body
  return {
    status,
    headers: {
      ...(isJson ? { 'Content-Type': 'application/json' } : {}),
      ...(version === undefined ? {} : { ETag: etagOf(version) }),
      ...headers,
    },
    body: isJson ? JSON.stringify(shown) : null,
  }
}

function withoutSecrets(body: unknown, secretFields: readonly string[]): unknown {
  const hidden = Object.fromEntries(secretFields.map((field) => [field, null]))
  return {
    ...(body as Record<string, unknown>),
    ...hidden,
    hint: `${secretFields.join(', ')} was shown once, in the first reply.`,
  }
}

export const toResponse = (
  { status, headers, body }: StoredReply,
  more: Record<string, string> = {},
): Response => new Response(body, { status, headers: { ...headers, ...more } })
