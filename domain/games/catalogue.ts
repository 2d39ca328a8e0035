import { fourInARow } from './four-in-a-row.ts'
import { reversi } from './reversi.ts'
import type { AnyRules } from './rules.ts'

/**
 * Every version of every game that was ever released: running and ended games need the one they began with. Whoever adds
 * a game writes its {@link AnyRules}, adds a line here, and a whole game to `test/fixtures/game-courses.ts`.
 */
const released: readonly AnyRules[] = [fourInARow, reversi]

/** The newest version of each, by name: what a new game begins with. */
export const catalogue: readonly AnyRules[] = released.filter(
  ({ name, version }) => !released.some((other) => other.name === name && other.version > version),
)

export const newestRules = (name: string): AnyRules | null =>
  catalogue.find((rules) => rules.name === name) ?? null

/** @throws {Error} for rules that this release does not know: a newer one has written the game */
export function rulesOf({ rules: name, rulesVersion }: { rules: string; rulesVersion: number }) {
  const found = released.find((rules) => rules.name === name && rules.version === rulesVersion)
  if (!found) throw new Error(`no rules of ${name} in version ${rulesVersion}`)
  return found
}
