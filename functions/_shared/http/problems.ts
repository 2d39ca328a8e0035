/** Every error code that a caller can meet, its HTTP status and title. One table: there is no other. */
export const problemTable = {
  malformed: { status: 400, title: 'Malformed request' },
  invalid_cursor: { status: 400, title: 'Invalid cursor' },
  unauthorized: { status: 401, title: 'Authentication required' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Conflict' },
  duplicate: { status: 409, title: 'Already exists' },
  lease_lost: { status: 409, title: 'The lease is lost' },
  in_flight: { status: 409, title: 'A request with this key is still running' },
  stale_version: { status: 412, title: 'The resource has changed' },
  payload_too_large: { status: 413, title: 'Body too large' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type' },
  range_not_satisfiable: { status: 416, title: 'Range not satisfiable' },
  invalid: { status: 422, title: 'Invalid values' },
  idempotency_mismatch: { status: 422, title: 'Idempotency key used with another request' },
  version_required: { status: 428, title: 'If-Match required' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const

export type ProblemCode = keyof typeof problemTable

/** One fault of the input: a JSON Pointer (RFC 6901) into the part that `in` names. */
export type InputFault = {
  in: 'body' | 'query' | 'header'
  pointer: string
  code: string
  detail: string
  hint?: string
}

type AppErrorOptions = {
  cause?: unknown
  hint?: string
  errors?: InputFault[]
  headers?: Record<string, string>
}

/** The only error whose text a caller may read. Everything else is logged whole and answered `internal`. */
export class AppError extends Error {
  readonly code: ProblemCode
  readonly hint: string | undefined
  readonly errors: InputFault[] | undefined
  readonly headers: Record<string, string>

  constructor(code: ProblemCode, publicMessage: string, options: AppErrorOptions = {}) {
    super(publicMessage, { cause: options.cause })
    this.name = 'AppError'
    this.code = code
    this.hint = options.hint
    this.errors = options.errors
    this.headers = options.headers ?? {}
  }

  get status() {
    return problemTable[this.code].status
  }
}

/** Seconds that a 503 asks the caller to wait. Postgres restarts in well under this. */
export const retryAfterSeconds = 2
