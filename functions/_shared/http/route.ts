import type * as z from 'zod'
import type { RouteRole } from '../access/roles.ts'
import type { Call } from './call.ts'
import type { ProblemCode } from './problems.ts'

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** What a route reads. `param` and `query` are strings on the wire: use `z.coerce` or a codec. */
export type RouteInput = {
  param?: z.ZodObject
  query?: z.ZodObject
  header?: z.ZodObject // names in lower case
  json?: z.ZodType
  /** The handler reads `c.request.body` itself, counted against `uploadBytesMax`. Text: for the reference page. */
  stream?: { mediaTypes: readonly string[]; description: string }
}

/** A reply that is not JSON, by media type. */
export type ContentReply = { contentType: string; description: string }
export const content = (contentType: string, description: string): ContentReply => ({
  contentType,
  description,
})

/** Success status -> body schema, {@link ContentReply}, or `null` for no body; failures by code. */
export type RouteReplies = {
  [status: number]: z.ZodType | ContentReply | null
  failures?: readonly ProblemCode[]
}

/** The failures that are this route's own; those of the kit (400, 401, 403, 422, 429, 503 ...) are added by the kit. */
export const failures = (...codes: ProblemCode[]) => ({ failures: codes })

/** Values that the reference page shows and that a test executes. Ids are replaced by those of real rows there. */
export type RouteExample = {
  param?: Record<string, string>
  query?: Record<string, string>
  headers?: Record<string, string> // names in lower case
  json?: unknown
  /** Body of a route that reads a stream, of its first media type or that of `headers`. */
  text?: string
  description?: string
}

export type Route = {
  method: Method
  path: string
  operationId: string
  role: RouteRole
  summary: string
  description?: string
  input?: RouteInput
  replies: RouteReplies
  example?: RouteExample
  /** Of a POST whose reply cannot be kept: why an `Idempotency-Key` is a 422, and what makes a repetition safe instead. */
  refusesIdempotencyKey?: { detail: string; hint: string }
  /** Fields of the reply that are shown once: a stored reply carries `null` in their place. */
  secretFields?: readonly string[]
  /** Milliseconds until the caller gets 503; `null` for streams. Default: `requestTimeoutMs` of the configuration. */
  timeoutMs?: number | null
  /** Mounted at the host's root instead of below `/v1/<function>`, e.g. `/livez`. */
  atRoot?: boolean
}

/** States one operation. Validation, OpenAPI and the client's types all come from this one value. */
export const route = <const R extends Route>(definition: R): R => definition

type ParsedPart<T> = T extends z.ZodType ? z.output<T> : undefined
export type ParsedInput<R extends Route> = R['input'] extends RouteInput
  ? { [K in keyof R['input'] & ('param' | 'query' | 'header' | 'json')]: ParsedPart<R['input'][K]> }
  : Record<never, never>

type SuccessStatus<R extends Route> = Exclude<keyof R['replies'], 'failures'> & number
type BodyOf<T> = T extends z.ZodType ? z.input<T> : T extends null ? null : never

/** What a handler answers. `version` becomes the strong ETag. */
export type Reply<S extends number = number, B = unknown> = {
  status: S
  body: B
  headers: Record<string, string>
  version?: number
}

export type RouteReply<R extends Route> = {
  [S in SuccessStatus<R>]: Reply<S, BodyOf<R['replies'][S]>>
}[SuccessStatus<R>]

type ReplyOptions = { headers?: Record<string, string>; version?: number }

/** Shapes a handler's answer. JSON bodies are checked against the route's schema by the compiler. */
export const reply = <const S extends number, B>(
  status: S,
  body: B,
  { headers = {}, version }: ReplyOptions = {},
): Reply<S, B> => ({ status, body, headers, ...(version === undefined ? {} : { version }) })

/** Streams and files return a `Response` instead of a {@link Reply}. */
export type Handler<R extends Route> = (
  c: Call,
  input: ParsedInput<R>,
) => Promise<RouteReply<R> | Response>

// --- the client's view ---------------------------------------------------------------------

type InputOnWire<R extends Route> = R['input'] extends RouteInput
  ? {
      [K in keyof R['input'] &
        ('param' | 'query' | 'header' | 'json')]: R['input'][K] extends z.ZodType
        ? K extends 'json'
          ? z.input<R['input'][K]>
          : { [F in keyof z.input<R['input'][K]>]: WireString<z.input<R['input'][K]>[F]> }
        : never
    }
  : Record<never, never>

type WireString<T> = unknown extends T ? string : T extends number | boolean ? string : T

type ReplyEndpoint<R extends Route, S extends SuccessStatus<R>> = {
  input: InputOnWire<R>
  output: R['replies'][S] extends z.ZodType ? z.output<R['replies'][S]> : Record<never, never>
  outputFormat: R['replies'][S] extends z.ZodType ? 'json' : 'body'
  status: S
}

export type JoinPath<Base extends string, P extends string> = P extends '/' ? Base : `${Base}${P}`

/** One path of `hono/client`'s schema. */
export type RouteSchema<Base extends string, R extends Route> = {
  [P in JoinPath<R['atRoot'] extends true ? '' : Base, R['path']>]: {
    [M in `$${R['method']}`]: { [S in SuccessStatus<R>]: ReplyEndpoint<R, S> }[SuccessStatus<R>]
  }
}
