import { Hono } from 'hono'
import { withDatabaseTime } from '../../../db/timing.ts'
import { newAuthenticator } from '../access/auth.ts'
import { consumeLimit } from '../access/limits.ts'
import type { Deps } from '../ports/deps.ts'
import { corsHeaders, preflightResponse } from './cors.ts'
import { type Exchange, finish, newExchange } from './exchange.ts'
import { type OpenApiDocument, openApiDocument } from './openapi.ts'
import { newCursors } from './pages.ts'
import { answerCall, type Kit } from './pipeline.ts'
import { problemResponse, toAppError } from './problem-response.ts'
import { AppError } from './problems.ts'
import type { Handler, JoinPath, Route, RouteSchema } from './route.ts'

export type FunctionInfo<Name extends string = string> = { name: Name; summary: string }

type Mounted = { route: Route; handler: Handler<Route>; path: string }
type Env = { Bindings: { exchange: Exchange } }

/** One function: its routes, and `fetch` that answers for them and for every wrong request at its mount. */
export class FunctionApp<Name extends string = string, S = Record<never, never>> {
  /** The schema that `hono/client` reads; it exists only for the compiler. */
  declare readonly schema: S
  readonly info: FunctionInfo<Name>
  readonly #deps: Deps
  readonly #kit: Kit
  readonly #mounted: Mounted[] = []
  #router: Hono<Env> | undefined

  constructor(deps: Deps, info: FunctionInfo<Name>) {
    this.info = info
    this.#deps = deps
    this.#kit = {
      deps,
      authenticate: newAuthenticator({ db: deps.db, limits: deps.redis.limits, now: deps.now }),
      cursors: newCursors(deps.config.secret),
    }
  }

  get name(): Name {
    return this.info.name
  }

  get routes(): readonly Route[] {
    return this.#mounted.map(({ route }) => route)
  }

  on<const R extends Route>(
    definition: R,
    handler: Handler<NoInfer<R>>,
  ): FunctionApp<Name, S & RouteSchema<`/v1/${Name}`, R>> {
    const base = definition.atRoot ? '' : `/v1/${this.info.name}`
    const path: JoinPath<string, string> =
      definition.path === '/' ? base || '/' : `${base}${definition.path}`
    // The handler reads exactly what its route validated, so widening both together is sound.
    this.#mounted.push({ route: definition, handler: handler as unknown as Handler<Route>, path })
    this.#router = undefined
    return this as unknown as FunctionApp<Name, S & RouteSchema<`/v1/${Name}`, R>>
  }

  /** Answers one request. Never rejects: every failure becomes problem+json. */
  async fetch(request: Request): Promise<Response> {
    const exchange = newExchange(request, this.#deps.log, this.info.name)
    const respond = () => this.#respond(request, exchange)
    const response = await withDatabaseTime(exchange.database, respond).catch((err: unknown) => {
      exchange.error = toAppError(err)
      return problemResponse(exchange.error, exchange.requestId)
    })
    const { corsOrigins } = this.#deps.config
    return finish(exchange, response, corsHeaders(request.headers.get('origin'), corsOrigins))
  }

  async #respond(request: Request, exchange: Exchange): Promise<Response> {
    this.#router ??= this.#newRouter()
    return this.#router.fetch(request, { exchange })
  }

  #newRouter(): Hono<Env> {
    const router = new Hono<Env>({ strict: false })
    // Hono would answer thrown errors itself, in plain text.
    router.onError((err) => {
      throw err
    })
    router.notFound(() => {
      throw new AppError('not_found', 'There is nothing here.')
    })
    const openApiPath = `/v1/${this.info.name}/openapi.json`
    // Made once: making it takes ten times as long as anything else that callers without a key can ask for.
    let document: OpenApiDocument | undefined
    router.get(openApiPath, async (c) => {
      await consumeLimit(this.#deps.redis.limits, 'address', c.env.exchange.address)
      document ??= openApiDocument(this, this.#deps.config.version)
      return c.json(document)
    })
    const ordered = [...this.#mounted].sort((a, b) => parameters(a.path) - parameters(b.path))
    for (const { route, handler, path } of ordered) {
      router.on(route.method.toUpperCase(), path, (c) =>
        answerCall(this.#kit, { route, handler, params: c.req.param(), ...c.env }),
      )
    }
    for (const path of new Set([...ordered.map((mounted) => mounted.path), openApiPath]))
      router.all(path, (c) => this.#answerOtherMethod(c.req.raw, path))
    return router
  }

  #answerOtherMethod(request: Request, path: string): Response {
    const allow = allowedMethods(this.#mounted, path)
    if (request.method !== 'OPTIONS')
      throw new AppError('method_not_allowed', `This takes ${allow}.`, {
        headers: { Allow: allow },
      })
    const cors = corsHeaders(request.headers.get('origin'), this.#deps.config.corsOrigins)
    return preflightResponse(allow, 'Access-Control-Allow-Origin' in cors)
  }
}

// Literal paths go first: `/me` must not be taken for an id.
const parameters = (path: string): number => path.split('/').filter((s) => s.startsWith(':')).length

function allowedMethods(mounted: readonly Mounted[], path: string): string {
  const named = mounted.filter((m) => m.path === path).map((m) => m.route.method.toUpperCase())
  const methods = new Set(named.length > 0 ? named : ['GET'])
  if (methods.has('GET')) methods.add('HEAD')
  return [...methods.add('OPTIONS')].sort().join(', ')
}

/** Starts a function. Its routes answer below `/v1/<name>`. */
export const newApp = <const Name extends string>(
  deps: Deps,
  info: FunctionInfo<Name>,
): FunctionApp<Name> => new FunctionApp(deps, info)

/** The type that `hc<...>()` takes for a function's app. */
export type ClientApp<A> =
  A extends FunctionApp<string, infer S> ? Hono<object, S & Record<never, never>, '/'> : never
