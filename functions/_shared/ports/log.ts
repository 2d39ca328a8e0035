/** What a log line may carry. Values are scalars: a nested object is where secrets hide. */
export type LogFields = Record<string, string | number | boolean | null | undefined>

/**
 * Structured log of one process. Never throws, never blocks. `warn` and `error` also reach the error list.
 * Pass a caught value as `err`: it is written whole (name, message, SQLSTATE, constraint, stack), query values never.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields, err?: unknown): void
  error(message: string, fields?: LogFields, err?: unknown): void
  /** The same log with these fields on every line. */
  with(fields: LogFields): Log
}
