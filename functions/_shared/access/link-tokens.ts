import { hashSecret, toHex } from './keys.ts'

const secretBytes = 32
// The form of an API key, but longer: whatever hides keys in logs hides these, and neither passes for the other.
const pattern = /^oct_([0-9a-f]{32})_([0-9a-f]{32})([0-9a-f]{64})$/

/** Which link a token is of, and its secret. It names the tenant, so that a look-up reads the rows of one alone. */
export type LinkToken = { tenantId: string; id: string; secret: string }

const hexOf = (uuid: string): string => uuid.replaceAll('-', '')

const uuidOf = (hex: string): string =>
  [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')

/** A new token for the row `id`. `text` is shown once and stored nowhere. */
export async function newToken(
  tenantId: string,
  id: string,
): Promise<{ text: string; secretSha256: Uint8Array }> {
  const secret = toHex(crypto.getRandomValues(new Uint8Array(secretBytes)))
  const text = `oct_${hexOf(tenantId)}_${hexOf(id)}${secret}`
  return { text, secretSha256: await hashSecret(secret) }
}

/** @returns `null` for what {@link newToken} never made */
export function parseToken(text: string): LinkToken | null {
  const [, tenant, id, secret] = pattern.exec(text) ?? []
  if (!tenant || !id || !secret) return null
  return { tenantId: uuidOf(tenant), id: uuidOf(id), secret }
}
