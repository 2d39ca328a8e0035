/** Milliseconds that a request to somebody else's server may take: to connect, and all of it with its body. */
export type OutgoingLimits = { connect: number; total: number }

export type OutgoingRequest = {
  method: 'GET' | 'POST'
  url: URL
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
  /** Every address, for development and tests. */
  allowsPrivate: boolean
  limits: OutgoingLimits
}

/** The head of a reply; its body is still to come. */
export type OutgoingReply = {
  statusCode: number
  headers: Readonly<Record<string, string | undefined>> // names in lower case
  /** Once. @throws {OutgoingFault} it broke off, or took too long; the signal's reason */
  body: AsyncIterable<Uint8Array>
  /** Lets go of what has not been read. Call it in any case. */
  close(): void
}

/** There was no reply, or no whole one. `code` is one of our words: an error's own text may say more than a tenant should know. */
export class OutgoingFault extends Error {
  readonly code: string

  constructor(code: string) {
    super(`The request was ended: ${code}.`)
    this.name = 'OutgoingFault'
    this.code = code
  }
}

/**
 * Sends one request on behalf of a tenant: only to addresses that anybody in the world could reach, which are judged at
 * the connection itself. Redirects are not followed; no proxy, no kept connection.
 * @throws {OutgoingFault} there was no reply
 * @throws {unknown} the signal's reason
 */
export type Outgoing = (request: OutgoingRequest) => Promise<OutgoingReply>
