import { toBase64Url } from '../_shared/http/pages.ts'

const secretBytes = 32 // Standard Webhooks asks for 24 to 64

/** A new secret as receivers' libraries take it. */
export function newSecret(): string {
  const url = toBase64Url(crypto.getRandomValues(new Uint8Array(secretBytes)))
  const base64 = url.replaceAll('-', '+').replaceAll('_', '/')
  return `whsec_${base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')}`
}
