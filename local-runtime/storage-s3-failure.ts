import { AppError } from '../functions/_shared/http/problems.ts'

const retriedStatuses = new Set([408, 429, 500, 502, 503, 504])
const retriedCodes = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable'])
const codePattern = /<Code>([A-Za-z]{1,64})<\/Code>/
const systemCodePattern = /^[A-Z][A-Z0-9_]{1,48}$/

/**
 * What went wrong between us and the object store. Its text holds no address, bucket, key or credential, because it
 * stands in the log; neither has it a cause, since the texts of `fetch` and of the store name all of them.
 */
export class S3Failure extends Error {
  override readonly name = 'S3Failure'
  /** `null`: there was no answer. */
  readonly status: number | null
  /** As the store or the system says it: `NoSuchKey`, `ECONNREFUSED`. */
  readonly code: string

  constructor(operation: string, { status, code }: { status: number | null; code: string }) {
    const answer = status === null ? `did not answer (${code})` : `answered ${status} ${code}`
    super(`The object store ${answer} to ${operation}.`)
    this.status = status
    this.code = code
  }

  /** May the same call succeed in a moment? */
  get isPassing(): boolean {
    return this.status === null || retriedStatuses.has(this.status) || retriedCodes.has(this.code)
  }
}

/** Reads a refusal; `text` is the XML that came with it, empty after HEAD. */
export function refusalOf(operation: string, status: number, text: string): S3Failure {
  return new S3Failure(operation, { status, code: codePattern.exec(text)?.[1] ?? 'unexplained' })
}

/** Reads what `fetch` threw: it hides the reason in its causes. */
export function silenceOf(operation: string, err: unknown): S3Failure {
  for (let at = err; at instanceof Error; at = at.cause) {
    if (at.name === 'TimeoutError') return new S3Failure(operation, { status: null, code: 'late' })
    const { code } = at as { code?: unknown }
    if (typeof code === 'string' && systemCodePattern.test(code))
      return new S3Failure(operation, { status: null, code })
  }
  return new S3Failure(operation, { status: null, code: 'connection lost' })
}

/** Whatever the store refuses or fails at is for a caller the same: not now. Anything else stays as it is. */
export function asStoreUnavailable(err: unknown): unknown {
  if (!(err instanceof S3Failure)) return err
  return new AppError('unavailable', 'The store of files cannot be reached right now.', {
    cause: err,
  })
}
