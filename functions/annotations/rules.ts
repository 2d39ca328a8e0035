export type Content = Record<string, unknown>

/** Names of the fields whose values differ, in the order of `now`. */
export function differingFields(then: Content, now: Content): string[] {
  return Object.keys(now).filter((name) => JSON.stringify(then[name]) !== JSON.stringify(now[name]))
}
