/** Values that may vanish at any moment. Every call resolves, within 155 ms, also when Redis is away. */
export interface Cache {
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<void>
  delete(...keys: string[]): Promise<void>
}

/** `name` selects a policy of the configuration. */
export type LimitName = 'key' | 'address' | 'auth_failure'
export type LimitVerdict = {
  allowed: boolean
  limit: number // requests per window
  windowSeconds: number
  remaining: number
  resetMs: number // until the window is full again
}

/** Rate limits, shared over Redis; counted in this process alone while Redis is away. */
export interface Limits {
  consume(name: LimitName, subject: string, points?: number): Promise<LimitVerdict>
  /** What `consume` would say, without counting. */
  peek(name: LimitName, subject: string): Promise<LimitVerdict>
}

/** One entry of the error list: at most 4 KB of JSON. */
export type ErrorEntry = {
  time: string // RFC 3339 UTC with milliseconds
  level: 'warn' | 'error'
  source: 'function' | 'worker' | 'caddy' | 'supervisor' | 'relay'
  function: string | null
  request_id: string | null
  method: string | null
  path: string | null // without query
  status: number | null
  code: string | null
  message: string
}

/** Entries that are alike, counted exactly. */
export type ErrorGroup = Pick<ErrorEntry, 'level' | 'source' | 'function' | 'code' | 'status'> & {
  /** The message of the first, with numbers, ids and quoted parts as `#`. */
  message: string
  count: number
  first_time: string // RFC 3339 UTC with milliseconds, as all times here
  last_time: string
  last_request_id: string | null
}

/** All groups, most frequent first; `since`: when counting began. */
export type ErrorGroups = { items: ErrorGroup[]; since: string }

/** The last 200 warnings and errors, newest first, and counts of all that ever came. */
export interface ErrorList {
  /** `degraded`: read from the relay's memory, because Redis is away. */
  read(limit: number): Promise<{ entries: ErrorEntry[]; degraded: boolean; dropped: number }>
  /** @throws {AppError} `unavailable`: who counts does not answer */
  groups(): Promise<ErrorGroups>
}

/** What functions may ask of Redis. `state` is what `health` reports. */
export interface RedisPort {
  cache: Cache
  limits: Limits
  errorList: ErrorList
  state(): Promise<{ status: 'ok' | 'degraded'; version: string | null }>
}
