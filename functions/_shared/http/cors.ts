const exposed = [
  'ETag',
  'Link',
  'Location',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
  'Idempotency-Replayed',
  'Upload-Complete',
  'Upload-Offset',
].join(', ')

const allowedHeaders = [
  'Authorization',
  'Content-Type',
  'Idempotency-Key',
  'If-Match',
  'If-None-Match',
  'Last-Event-ID',
  'Range',
  'Upload-Complete',
  'Upload-Offset',
  'X-Document-Password',
  'X-Request-Id',
].join(', ')

// How long a browser may remember a preflight; Chromium caps it at 2 h.
const preflightAgeSeconds = 7_200

const localhost = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/

/** Stands in the list for every port of this machine; `npm run dev` sets it. */
const anyLocalPort = '*localhost*'

function isAllowed(origin: string, origins: readonly string[]): boolean {
  return origins.includes(origin) || (origins.includes(anyLocalPort) && localhost.test(origin))
}

/** Headers that let a browser page of an allowed origin read the reply. Credentials are never allowed. */
export function corsHeaders(origin: string | null, origins: readonly string[]) {
  if (origins.length === 0) return {}
  if (!origin || !isAllowed(origin, origins)) return { Vary: 'Origin' }
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': exposed,
  }
}

/** Answer to OPTIONS: the methods of the path, and for an allowed origin's preflight what it may send. */
export function preflightResponse(allow: string, isCors: boolean): Response {
  return new Response(null, {
    status: 204,
    headers: {
      Allow: allow,
      ...(isCors
        ? {
            'Access-Control-Allow-Methods': allow,
            'Access-Control-Allow-Headers': allowedHeaders,
            'Access-Control-Max-Age': String(preflightAgeSeconds),
          }
        : {}),
    },
  })
}
