import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import type { Log } from '../../functions/_shared/ports/log.ts'

/** JSON replies are whole texts, but for files; what is something else can be a stream. Cheap: it touches the headers alone. */
export function isStreamed(response: Response): boolean {
  if (response.headers.has('content-disposition')) return true
  const type = response.headers.get('content-type')
  return type !== null && !type.startsWith('application/json') && !type.includes('problem+json')
}

/**
 * Writes a reply whose body comes piece by piece. @hono/node-server would add the text of an error to a body that
 * fails half-way; here the connection is cut instead, so that nobody takes half a file for a whole one.
 */
export async function pipeBody(response: Response, res: ServerResponse, log: Log): Promise<void> {
  const headers: Record<string, string | string[]> = Object.fromEntries(response.headers)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) headers['set-cookie'] = cookies
  res.writeHead(response.status, headers)
  if (response.body === null || res.req.method === 'HEAD') {
    void response.body?.cancel().catch(() => {})
    res.end()
    return
  }
  res.flushHeaders()
  try {
    await pipeline(Readable.fromWeb(response.body as ReadableStream), res)
  } catch (err) {
    // The caller went away: nothing failed here.
    if ((err as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE')
      log.error('A reply failed half-way', { code: 'internal' }, err)
    res.destroy()
  }
}
