import { describeDatabaseError, isUnavailable } from '../../../db/errors.ts'
import { AppError, problemTable, retryAfterSeconds } from './problems.ts'

/** Any thrown value as an error that a caller may read. What is not known is `internal`. */
export function toAppError(err: unknown): AppError {
  if (err instanceof AppError) return err
  if (isUnavailable(err))
    return new AppError('unavailable', 'The database cannot be reached right now.', { cause: err })
  const known = describeDatabaseError(err)
  if (known) return new AppError(known.code, known.publicMessage, { cause: err })
  return new AppError('internal', 'Something went wrong on our side.', {
    cause: err,
    hint: 'Give the request id in `instance` to whoever operates this server.',
  })
}

/** The body of a problem (RFC 9457). `instance` is the request id. */
export function problemBody(error: AppError, requestId: string): Record<string, unknown> {
  const { title, status } = problemTable[error.code]
  return {
    type: `urn:octavo:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    instance: requestId,
    code: error.code,
    ...(error.errors ? { errors: error.errors } : {}),
    ...(error.hint ? { hint: error.hint } : {}),
  }
}

export function problemResponse(error: AppError, requestId: string): Response {
  const headers = new Headers({ 'Content-Type': 'application/problem+json', ...error.headers })
  if (error.code === 'unavailable' && !headers.has('Retry-After'))
    headers.set('Retry-After', String(retryAfterSeconds))
  return new Response(JSON.stringify(problemBody(error, requestId)), {
    status: error.status,
    headers,
  })
}
