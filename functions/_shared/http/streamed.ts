import type { Call } from './call.ts'

/** A body made as it is read, so that a slow reader holds nothing but its own few pages. */
export function streamed(
  c: Call,
  headers: { 'Content-Type': string } & Record<string, string>,
  produce: () => AsyncGenerator<string>,
): Response {
  if (c.request.method === 'HEAD') return new Response(null, { headers })
  const texts = produce()
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await texts.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value))
    },
    async cancel() {
      await texts.return(undefined)
    },
  })
  return new Response(body, { headers })
}
