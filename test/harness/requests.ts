import type { Role } from '../../db/schema/index.ts'
import type { TestTenant } from './tenants.ts'

/** What `createApp` of a function gives, as far as a test needs it. */
export type TestApp = {
  fetch(request: Request): Response | Promise<Response>
  name?: string
  routes?: readonly { path: string; atRoot?: boolean }[]
}

export type RequestOptions = {
  /** The role whose key is sent; `nobody` sends none. Default: `admin`. */
  as?: Role | 'nobody'
  headers?: Record<string, string>
}

export type RequestBody = unknown

/** Calls of one tenant; a path is relative to the function unless it starts with `/v1/` or is a root mount. */
export type Requests = {
  request(path: string, init?: RequestInit): Promise<Response>
  get(path: string, options?: RequestOptions): Promise<Response>
  post(path: string, body?: RequestBody, options?: RequestOptions): Promise<Response>
  put(path: string, body?: RequestBody, options?: RequestOptions): Promise<Response>
  patch(path: string, body?: RequestBody, options?: RequestOptions): Promise<Response>
  del(path: string, options?: RequestOptions): Promise<Response>
}

/** Sends requests to the routes of `app` with the keys of `tenant`. */
export function requestsOf(app: TestApp, tenant: TestTenant): Requests {
  const request = async (path: string, init: RequestInit = {}) =>
    app.fetch(new Request(new URL(mounted(app, path), 'http://octavo.test'), init))
  const send =
    (method: string) =>
    (path: string, body?: RequestBody, options: RequestOptions = {}) => {
      const headers = new Headers(options.headers)
      const role = options.as ?? 'admin'
      if (role !== 'nobody' && !headers.has('authorization')) {
        headers.set('authorization', `Bearer ${tenant.keys[role]}`)
      }
      return request(path, { method, headers, ...encoded(body, headers) })
    }
  const bodiless = (method: string) => (path: string, options?: RequestOptions) =>
    send(method)(path, undefined, options)
  return {
    request,
    get: bodiless('GET'),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
    del: bodiless('DELETE'),
  }
}

/** A reply's JSON, as what the test expects it to be; the expectations that follow are the check. */
export const bodyOf = async <T>(response: Response): Promise<T> => (await response.json()) as T

function mounted(app: TestApp, path: string): string {
  const firstOf = (text: string) => text.split(/[/?]/)[1]
  const isRoot = app.routes?.some((route) => route.atRoot && firstOf(route.path) === firstOf(path))
  if (isRoot || path.startsWith('/v1/') || !app.name) return path
  return `/v1/${app.name}${path === '/' ? '' : path.replace(/^\/\?/, '?')}`
}

/** Plain values go as JSON, everything that `fetch` takes as a body goes as it is. */
function encoded(body: RequestBody, headers: Headers): RequestInit {
  if (body === undefined) return {}
  if (body instanceof ReadableStream) return { body, duplex: 'half' } as RequestInit
  if (typeof body === 'string' || body instanceof Blob || body instanceof FormData) return { body }
  if (body instanceof Uint8Array) return { body: new Uint8Array(body) }
  if (!headers.has('content-type')) headers.set('content-type', 'application/json')
  return { body: JSON.stringify(body) }
}
