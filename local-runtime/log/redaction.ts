import type { LogFields } from '../../functions/_shared/ports/log.ts'

const secretName = /authorization|cookie|password|secret|token|api[_-]?key|ticket/i
const keyText = /\boct_[0-9a-f]{32}_[0-9a-f]+/gi
const bearerText = /\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi
const queryText = /\?[^\s"']*/g
const mask = '[redacted]'

/** The same fields without secrets: by name of the field, and by form inside texts. */
export function redact(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (typeof value !== 'string') return [name, value]
      return [name, secretName.test(name) ? mask : redactText(value, name)]
    }),
  )
}

/** Masks keys and credentials inside a text; cuts the query of a `path` or `url`. */
export function redactText(text: string, name = ''): string {
  const withoutKeys = text.replace(keyText, `oct_${mask}`).replace(bearerText, `$1 ${mask}`)
  return name === 'path' || name === 'url' ? withoutKeys.replace(queryText, '') : withoutKeys
}

export type DescribedError = {
  name: string
  message: string
  /** SQLSTATE, or the system's code such as ECONNREFUSED. */
  code?: string
  constraint?: string
  stack?: string
  cause?: DescribedError
}

// Longer chains are loops.
const causesMax = 5

/**
 * A thrown value for the log: whole, but for values of a query. Drizzle puts them into its message and stack;
 * Postgres quotes them in messages of class 22 ("invalid input syntax for type uuid: ...").
 */
export function describeError(err: unknown, depth = 0): DescribedError {
  if (!(err instanceof Error)) return { name: typeof err, message: redactText(String(err)) }
  const { code, constraint_name: constraint } = err as { code?: unknown; constraint_name?: unknown }
  const message = withoutValues(err.message, code)
  const stack = err.stack?.slice(err.stack.indexOf('\n    at '))
  return {
    name: err.name,
    message: redactText(message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    ...(stack ? { stack: stack.trim() } : {}),
    ...(err.cause !== undefined && depth < causesMax
      ? { cause: describeError(err.cause, depth + 1) }
      : {}),
  }
}

function withoutValues(message: string, code: unknown): string {
  const withoutParameters = message.replace(/\nparams:[\s\S]*$/, '')
  return typeof code === 'string' && /^22...$/.test(code)
    ? withoutParameters.replace(/:\s*".*"$/s, '')
    : withoutParameters
}
