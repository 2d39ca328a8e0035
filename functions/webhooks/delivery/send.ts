import { type Outgoing, OutgoingFault } from '../../_shared/ports/outgoing.ts'
import { readReply } from './reply.ts'

/** Milliseconds that each part of a request may take. */
export type TimeLimits = {
  connect: number
  total: number
  /** Of the reply, behind its head: the status says all that counts, and nobody's body may hold a place for long. */
  body: number
}

const timeLimits: TimeLimits = { connect: 5_000, total: 10_000, body: 2_000 }

export type Sending = {
  url: URL
  headers: Record<string, string>
  body: string
  signal: AbortSignal
  /** Plain http and every address, for development and tests. */
  allowsPrivate: boolean
  limits?: TimeLimits
}

/** What came of a request. `statusCode` null: no answer, and `fault` says why. */
export type Answer = {
  statusCode: number | null
  fault: string | null
  durationMs: number
  excerpt: string | null
  retryAfter: string | undefined
}

/**
 * Posts a body, and looks at the beginning of the reply.
 * @throws {unknown} the signal's reason
 */
export async function send(outgoing: Outgoing, sending: Sending): Promise<Answer> {
  const startedAt = performance.now()
  const { limits = timeLimits, ...request } = sending
  const answered = (answer: Partial<Answer>): Answer => ({
    ...{ statusCode: null, fault: null, excerpt: null, retryAfter: undefined, ...answer },
    durationMs: Math.round(performance.now() - startedAt),
  })
  try {
    const reply = await outgoing({ ...request, method: 'POST', limits })
    const { statusCode, headers } = reply
    const excerpt = await readReply(reply, limits.body)
    return answered({ statusCode, excerpt, retryAfter: headers['retry-after'] })
  } catch (err) {
    if (!(err instanceof OutgoingFault)) throw err
    return answered({ fault: err.code })
  }
}
