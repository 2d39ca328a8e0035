const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const entityPattern = /&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi

/**
 * The texts of all elements of this name, in their order. Enough for the answers of an object store, whose elements
 * of one name never lie within each other and which have neither CDATA nor comments.
 */
export function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g')
  return [...xml.matchAll(pattern)].map(([, content = '']) => content)
}

/** The text of the first element of this name with its escapes read, or `null`. */
export function element(xml: string, name: string): string | null {
  const [content] = elements(xml, name)
  return content === undefined ? null : unescaped(content)
}

function unescaped(text: string): string {
  return text.replace(entityPattern, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? whole
    const point = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}

/** For text between tags. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
