import { OutgoingFault } from '../../functions/_shared/ports/outgoing.ts'
import { AddressRefused } from './lookup.ts'

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

/** Why there was no answer, in a word. */
export function faultOf(err: unknown): OutgoingFault {
  if (err instanceof OutgoingFault) return err
  if (err instanceof AddressRefused) return new OutgoingFault('address_refused')
  const code = String(Reflect.get(Object(err), 'code') ?? '')
  const word = faultsByCode.find(([pattern]) => pattern.test(code))?.[1]
  return new OutgoingFault(word ?? 'connection_failed')
}
