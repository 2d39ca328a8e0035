import type { Log, LogFields } from '../../functions/_shared/ports/log.ts'

export type LogLine = {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  fields: LogFields
  err?: unknown
}

/** A log that keeps its lines, oldest first. */
export function recordedLog(
  lines: LogLine[] = [],
  fixed: LogFields = {},
): Log & { lines: LogLine[] } {
  const at =
    (level: LogLine['level']) =>
    (message: string, fields: LogFields = {}, err?: unknown) => {
      const line = { level, message, fields: { ...fixed, ...fields } }
      lines.push(err === undefined ? line : { ...line, err })
    }
  return {
    lines,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => recordedLog(lines, { ...fixed, ...fields }),
  }
}
