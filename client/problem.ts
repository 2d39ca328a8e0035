import type { InputFault, ProblemCode } from '../functions/_shared/http/problems.ts'

/** A refusal (RFC 9457) of Octavo, or of whatever stands before it. */
export class OctavoProblem extends Error {
  readonly status: number
  /** `unknown`: the reply was no problem of Octavo's, such as a proxy's page. */
  readonly code: ProblemCode | 'unknown'
  readonly detail: string
  /** To be given to whoever operates the server. */
  readonly requestId: string | null
  /** Each fault of the input, by JSON Pointer; empty for other problems. */
  readonly errors: readonly InputFault[]
  readonly hint: string | null
  /** How long the server asks to wait before a repeat; `null` when it does not say. */
  readonly retryAfterSeconds: number | null

  constructor({ status, headers }: ProblemSource, body: ProblemBody) {
    const detail = body.detail ?? `The server answered ${status}.`
    super(`${status} ${body.code ?? 'unknown'}: ${detail}`)
    this.name = 'OctavoProblem'
    this.status = status
    this.code = body.code ?? 'unknown'
    this.detail = detail
    this.requestId = headers.get('x-request-id') ?? body.instance ?? null
    this.errors = body.errors ?? []
    this.hint = body.hint ?? null
    this.retryAfterSeconds = wholeSeconds(headers.get('retry-after'))
  }
}

type ProblemSource = { status: number; headers: Headers }
type ProblemBody = {
  code?: ProblemCode
  detail?: string
  instance?: string
  hint?: string
  errors?: InputFault[]
}

// Octavo sends seconds only. A date, from some proxy, is no number and not guessed.
const wholeSeconds = (value: string | null): number | null =>
  value !== null && /^\d{1,9}$/.test(value) ? Number(value) : null

/** Reads a refusal; what is not problem+json has the code `unknown`. */
export async function readProblem(
  response: ProblemSource & { text(): Promise<string> },
): Promise<OctavoProblem> {
  const text = await response.text()
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json')
  return new OctavoProblem(response, isProblem ? (JSON.parse(text) as ProblemBody) : {})
}
