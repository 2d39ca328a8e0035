const ivBytes = 12 // the size that AES-GCM is made for, NIST SP 800-38D

/**
 * Encrypts a short secret for storage: AES-GCM under a key derived from the installation's secret.
 * @returns 12 bytes of IV, then ciphertext and tag; never the same twice
 */
export async function seal(secret: Uint8Array, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
  const plain = new TextEncoder().encode(text)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, await sealKey(secret), plain)
  const bytes = new Uint8Array(ivBytes + sealed.byteLength)
  bytes.set(iv)
  bytes.set(new Uint8Array(sealed), ivBytes)
  return bytes
}

/**
 * The text that {@link seal} was given.
 * @throws {DOMException} `OperationError`: another secret, or the bytes were altered
 */
export async function unseal(secret: Uint8Array, sealed: Uint8Array): Promise<string> {
  const bytes = new Uint8Array(sealed)
  const iv = bytes.subarray(0, ivBytes)
  const key = await sealKey(secret)
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.subarray(ivBytes))
  return new TextDecoder().decode(plain)
}

/** A key of its own, so that nothing else the secret is used for says anything about this one. */
async function sealKey(secret: Uint8Array): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'HKDF', false, [
    'deriveKey',
  ])
  const info = new TextEncoder().encode('octavo seal')
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    ['encrypt', 'decrypt'],
  )
}
