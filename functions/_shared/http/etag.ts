/** Strong entity tag of a resource's version (RFC 9110, section 8.8.3). */
export const etagOf = (version: number): string => `"v${version}"`

// Nine digits: the database compares with whole numbers of 32 bits, and refuses greater ones.
const tagPattern = /^(?:W\/)?"v(\d{1,9})"$/

function versionsOf(header: string): number[] {
  return header.split(',').map((tag) => {
    const match = tagPattern.exec(tag.trim())
    // -1: a tag that we never made is no syntax error; it just matches nothing.
    return match ? Number(match[1]) : -1
  })
}

/** @returns the versions named by `If-Match`; `null` when absent or `*` */
export function parseIfMatch(header: string | null): readonly number[] | null {
  if (header === null || header.trim() === '*') return null
  // If-Match compares strongly: a weak tag matches nothing (RFC 9110, section 13.1.1).
  return header.split(',').flatMap((tag) => (tag.trim().startsWith('W/') ? [-1] : versionsOf(tag)))
}

/** Does `If-None-Match` name this version? Compared weakly (RFC 9110, section 13.1.2). */
export function isUnchanged(header: string | null, version: number): boolean {
  if (header === null) return false
  return header.trim() === '*' || versionsOf(header).includes(version)
}
