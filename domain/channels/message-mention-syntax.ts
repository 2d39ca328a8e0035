/** What a text names, before anybody has looked who that is. */
export type MentionTokens = {
  /** `<@id>`, in lower case. */
  userIds: readonly string[]
  /** `@name` and `@"A name"`: each a list of readings, the first that is somebody's counts. */
  names: readonly (readonly string[])[]
  /** `@all`. */
  all: boolean
}

/** Mentions of one message that are looked at; those behind them name nobody. */
const mentionsMax = 50

// A run of backticks up to the next one of the same length is code; three or more that nothing closes, all that follows.
const codeSpan = /(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g
const openFence = /(?<!`)`{3,}(?!`)[\s\S]*$/

// Not inside a word or an address: `ada@example.com` and `https://example.com/@ada` name nobody.
const mention =
  /<@([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})>|(?<![\p{L}\p{N}_./@<-])@(?:"([^"\n]{1,120})"|([\p{L}\p{N}_][\p{L}\p{M}\p{N}_.|^-]{0,119}))/giu

/** Reads whom a message's text names: `@nickname`, `@"A display name"`, `<@user id>`, `@all`; code names nobody. */
export function mentionsIn(text: string): MentionTokens {
  if (!text.includes('@')) return { userIds: [], names: [], all: false }
  const userIds = new Set<string>()
  const names = new Map<string, readonly string[]>()
  let all = false
  for (const [, id, quoted, plain] of textWithoutCode(text).matchAll(mention)) {
    if (userIds.size + names.size >= mentionsMax) break
    if (id) userIds.add(id.toLowerCase())
    const readings = quoted ? [quoted] : plain ? plainReadings(plain) : []
    if (!quoted && readings.some((name) => name.toLowerCase() === 'all')) all = true
    else if (readings[0]) names.set(readings[0], readings)
  }
  return { userIds: [...userIds], names: [...names.values()], all }
}

const textWithoutCode = (text: string): string =>
  text.includes('`') ? text.replace(codeSpan, ' ').replace(openFence, ' ') : text

/** `@ada.` is `ada.` where somebody is called so, else `ada` at the end of a sentence. */
function plainReadings(name: string): string[] {
  const bare = name.replace(/[.|^-]+$/, '')
  return bare === name ? [name] : [name, bare]
}
