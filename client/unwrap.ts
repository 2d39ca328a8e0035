import type { ClientResponse } from 'hono/client'
import { readProblem } from './problem.ts'

/** JSON is given parsed, no body as `null`; files and streams stay replies, to be read by the caller. */
export type BodyOf<R> =
  R extends ClientResponse<infer Body, infer Status, infer Format>
    ? Format extends 'json'
      ? Body
      : Status extends 204
        ? null
        : R
    : never

/**
 * The body of a reply that succeeded.
 * @throws {OctavoProblem} the server refused; whatever `fetch` throws when there was no reply
 * @example const user = await unwrap(octavo.users.me.$get())
 */
export async function unwrap<R extends ClientResponse<unknown>>(
  pending: Promise<R>,
): Promise<BodyOf<R>> {
  const response = await pending
  if (!response.ok) throw await readProblem(response)
  if (response.status === 204) return null as BodyOf<R>
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return (isJson ? await response.json() : response) as BodyOf<R>
}
