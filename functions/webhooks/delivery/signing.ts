import { Webhook } from 'standardwebhooks'
import { unseal } from '../../_shared/access/seal.ts'

type Sealed = {
  secretSealed: Uint8Array
  previousSecretSealed: Uint8Array | null
  previousSecretUntil: Date | null
}

/** The secrets of an endpoint that sign now, the newest first. */
export async function signingSecrets(
  { secretSealed, previousSecretSealed, previousSecretUntil }: Sealed,
  { secret, now }: { secret: Uint8Array; now: Date },
): Promise<string[]> {
  const isOverlap = previousSecretUntil !== null && previousSecretUntil > now
  const sealed =
    isOverlap && previousSecretSealed ? [secretSealed, previousSecretSealed] : [secretSealed]
  return Promise.all(sealed.map((each) => unseal(secret, each)))
}

/** Headers of one attempt, as Standard Webhooks 1.0 says: one signature for each secret, separated by a space. */
export function signedHeaders(
  { id, body, at }: { id: string; body: string; at: Date },
  secrets: readonly string[],
): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((each) => new Webhook(each).sign(id, at, body)).join(' '),
  }
}
