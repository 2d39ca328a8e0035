/**
 * What a process sends to `POST /_logs`: one such object of JSON a line, only warnings, errors and failed requests.
 * pino's own shape with our field names. A line of a function with `request_id` and a `status` of 400 or more ends
 * that request, and replaces Caddy's line of it. The header `X-Batch: <sender>.<number>` makes it harmless to send
 * a batch again, `X-Dropped` tells how many lines the sender lost.
 */
export type RelayLine = {
  /** pino's numbers: 40 warn, 50 error, 60 fatal. */
  level: number
  /** Milliseconds since 1970. */
  time: number
  msg: string
  source: 'function' | 'worker' | 'supervisor'
  function?: string | null
  request_id?: string | null
  method?: string | null
  path?: string | null
  status?: number | null
  code?: string | null
  /** The cause. SQLSTATE in `code`; values of a query never. */
  err?: { name?: string; message?: string; code?: string; constraint?: string }
}

export const warnLevel = 40
export const errorLevel = 50
/** Longer lines are counted as lost, wherever they come from. */
export const lineCharactersMax = 65_536
/** Larger bodies of `POST /_logs` are refused with 413. */
export const batchBytesMax = 4 * 1024 * 1024

const sources: readonly unknown[] = ['function', 'worker', 'supervisor']

/** @returns `null` for whatever is no line of ours */
export function parseRelayLine(text: string): RelayLine | null {
  const value = parseObject(text)
  if (!value) return null
  const { level, time, msg, source, status, err } = value
  if (typeof level !== 'number' || typeof msg !== 'string' || !sources.includes(source)) return null
  return {
    level,
    time: typeof time === 'number' ? time : Date.now(),
    msg,
    source: source as RelayLine['source'],
    function: textOf(value.function),
    request_id: textOf(value.request_id),
    method: textOf(value.method),
    path: textOf(value.path),
    status: typeof status === 'number' && Number.isInteger(status) ? status : null,
    code: textOf(value.code),
    ...(isObject(err) ? { err: causeOf(err) } : {}),
  }
}

export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    // Half and garbled lines are expected here; whoever calls counts them.
    return null
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

function causeOf(err: Record<string, unknown>): NonNullable<RelayLine['err']> {
  const named = ['name', 'message', 'code', 'constraint'].map((key) => [key, textOf(err[key])])
  return Object.fromEntries(named.filter(([, value]) => value !== null))
}
