import type { SuggestionState } from '../../db/schema/suggestions.ts'

export type Verdict = 'changed' | 'unchanged' | 'not_found' | 'conflict' | 'stale_version'

type Suggestion = { state: SuggestionState; version: number }
type Wish = { state: SuggestionState; versions: readonly number[] | null }

/**
 * What becomes of a wish to decide.
 * @param versions those that the caller expects; `null`: whichever
 */
export function verdictOn(suggestion: Suggestion | undefined, { state, versions }: Wish): Verdict {
  if (!suggestion) return 'not_found'
  if (versions && !versions.includes(suggestion.version)) return 'stale_version'
  if (suggestion.state === state) return 'unchanged'
  return state === 'open' || suggestion.state === 'open' ? 'changed' : 'conflict'
}
