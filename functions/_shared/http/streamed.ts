import type { Call } from './call.ts'

/** A body made as it is read, so that a slow reader holds nothing but its own few pages. */
export function streamed(
  c: Call,
  headers: { 'Content-Type': string } & Record<string, string>,
  produce: () => AsyncGenerator<string | Uint8Array>,
): Response {
  if (c.request.method === 'HEAD') return new Response(null, { headers })
  const pieces = produce()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
  return new Response(body, { headers })
}
