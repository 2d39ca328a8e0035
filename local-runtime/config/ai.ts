import type { Fault } from './faults.ts'
import type { Secret } from './secrets.ts'
import type { Settings } from './settings.ts'
import type { Sources } from './sources.ts'

const isOpenAi = (provider: string | undefined): boolean => provider === 'openai'

/** A provider that has no model to ask. */
export function aiFaults({ values, sourceOf }: Sources): Fault[] {
  if (!isOpenAi(values.OCTAVO_AI_PROVIDER) || values.OCTAVO_AI_MODEL !== undefined) return []
  const variable = 'OCTAVO_AI_MODEL'
  const problem = 'it is not set, and OCTAVO_AI_PROVIDER is openai'
  const fix = 'name a model that the server has; or leave the provider at stub'
  return [{ variable, source: sourceOf(variable), problem, fix }]
}

/** Who writes artifacts; `openai` is `null` for the offline stub. */
export function aiOf(s: Settings, key: Secret | null) {
  const model = s.OCTAVO_AI_MODEL
  const isUsed = isOpenAi(s.OCTAVO_AI_PROVIDER) && model !== undefined
  return {
    documentCharsMax: s.OCTAVO_AI_DOCUMENT_CHARS_MAX,
    openai: isUsed
      ? { baseUrl: s.OCTAVO_AI_BASE_URL, model, key, timeoutMs: s.OCTAVO_AI_TIMEOUT_MS }
      : null,
  }
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

export function aiWarnings(s: Settings): string[] {
  if (!isOpenAi(s.OCTAVO_AI_PROVIDER)) return []
  const url = new URL(s.OCTAVO_AI_BASE_URL)
  if (url.protocol === 'https:' || loopback.has(url.hostname)) return []
  return ['OCTAVO_AI_BASE_URL is no https:// address: whoever is on the way to it can read all.']
}
