import { AddressRefused } from './lookup.ts'

/** A request that we ended ourselves. */
export class SendingFault extends Error {
  readonly fault: string

  constructor(fault: string) {
    super(`The request was ended: ${fault}.`)
    this.name = 'SendingFault'
    this.fault = fault
  }
}

// By the codes of Node and OpenSSL. A name that nobody knows reads as one with a refused address.
const faultsByCode: readonly (readonly [RegExp, string])[] = [
  [/^(ENOTFOUND|ENODATA|EBADNAME)$/, 'address_refused'],
  [/^(ETIMEOUT|ESERVFAIL|EREFUSED)$/, 'lookup_failed'],
  [/^ETIMEDOUT$/, 'connect_timeout'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/, 'connection_refused'],
  [/^(ECONNRESET|EPIPE)$/, 'connection_lost'],
  [/^HPE_/, 'reply_malformed'],
  [/^(ERR_SSL|ERR_TLS|EPROTO|CERT_|DEPTH_|SELF_|UNABLE_|HOSTNAME_)/, 'tls_failed'],
]

/** Why there was no answer, as one of our words: an error's own text may say more than a tenant should know. */
export function faultOf(err: unknown): string {
  if (err instanceof SendingFault) return err.fault
  if (err instanceof AddressRefused) return 'address_refused'
  const code = String(Reflect.get(Object(err), 'code') ?? '')
  return faultsByCode.find(([pattern]) => pattern.test(code))?.[1] ?? 'connection_failed'
}
