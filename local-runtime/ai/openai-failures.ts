import { AiFailure, type AiFailureCode } from '../../functions/_shared/ports/ai.ts'

const retryAfterMsMax = 60 * 60 * 1000

/** May the same request succeed a moment later? */
export const isWorthRepeating = (status: number): boolean =>
  status === 408 || status === 409 || status === 429 || status >= 500

const known: Record<number, [AiFailureCode, string]> = {
  401: ['ai_unauthorized', 'The AI provider does not take the key of this server.'],
  403: ['ai_unauthorized', 'The AI provider does not allow this to the key of this server.'],
  404: ['ai_refused', 'The AI provider does not have this model.'],
  413: ['ai_refused', 'The prompt is too long for the AI provider.'],
  429: ['ai_rate_limited', 'The AI provider takes no more requests for now.'],
}

/** What a reply without content means. Nothing that the provider wrote is repeated: it may name the key or the account. */
export function failureOfStatus(status: number, retryAfter: string | null): AiFailure {
  const isFinal = !isWorthRepeating(status)
  const [code, message] = known[status] ?? [
    isFinal ? 'ai_refused' : 'ai_unavailable',
    isFinal ? 'The AI provider refused the request.' : 'The AI provider is not able to answer.',
  ]
  const cause = new Error(`the AI provider answered ${status}`)
  return new AiFailure(code, message, { isFinal, cause, retryAfterMs: waitOf(retryAfter) })
}

/** @returns milliseconds; `null` for what has neither form (RFC 9110, section 10.2.3) */
function waitOf(retryAfter: string | null): number | null {
  if (retryAfter === null) return null
  const text = retryAfter.trim()
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), retryAfterMsMax)
}
