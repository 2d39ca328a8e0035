/** A whole reply with the tag of its bytes. */
export type Served = { body: Uint8Array<ArrayBuffer>; contentType: string; etag: string }

export async function served(body: Uint8Array<ArrayBuffer>, contentType: string): Promise<Served> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body))
  const hex = Array.from(digest.slice(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return { body, contentType, etag: `"${hex}"` }
}

export const servedText = (text: string, contentType: string): Promise<Served> =>
  served(new TextEncoder().encode(text), `${contentType}; charset=utf-8`)

const isNamed = (header: string, etag: string): boolean =>
  header.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()))

/** The bytes, or 304 when the caller has them. The same for everybody, so any cache may keep them, and asks again. */
export function contentResponse(
  request: Request,
  { body, contentType, etag }: Served,
  headers: Record<string, string> = {},
): Response {
  const common = { ETag: etag, 'Cache-Control': 'public, no-cache', ...headers }
  if (isNamed(request.headers.get('if-none-match') ?? '', etag))
    return new Response(null, { status: 304, headers: common })
  return new Response(body, {
    headers: {
      ...common,
      'Content-Type': contentType,
      'Content-Length': String(body.byteLength),
    },
  })
}
