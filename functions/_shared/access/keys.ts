const idPattern = /^oct_([0-9a-f]{32})_([0-9a-f]{64})$/

/** A credential as a caller sends it. `keyId` is the UUID of its row, `secret` 64 hex characters. */
export type ParsedKey = { keyId: string; secret: string }

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** @returns `null` for anything that is not `oct_<32 hex>_<64 hex>` */
export function parseKey(text: string): ParsedKey | null {
  const match = idPattern.exec(text)
  const [, hex, secret] = match ?? []
  if (!hex || !secret) return null
  const keyId = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return { keyId, secret }
}

/** SHA-256 of the secret's text; what the database keeps. */
export async function hashSecret(secret: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret)))
}

/** A new credential for the key row `keyId`. `text` is shown once and stored nowhere. */
export async function newKey(keyId: string): Promise<{ text: string; secretSha256: Uint8Array }> {
  const secret = toHex(crypto.getRandomValues(new Uint8Array(32)))
  return {
    text: `oct_${keyId.replaceAll('-', '')}_${secret}`,
    secretSha256: await hashSecret(secret),
  }
}

/** Compares in a time that does not depend on where the first difference lies. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** Like {@link equalBytes}, for texts. */
export function equalText(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}
