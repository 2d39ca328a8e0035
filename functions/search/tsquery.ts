/** A parsed `tsquery`. `prefix`: any word that begins so. `distance`: positions between the two sides of a phrase operator. */
export type QueryNode =
  | { type: 'lexeme'; lexeme: string }
  | { type: 'prefix'; prefix: string }
  | { type: 'not'; operand: QueryNode }
  | { type: 'and' | 'or'; left: QueryNode; right: QueryNode }
  | { type: 'phrase'; left: QueryNode; right: QueryNode; distance: number }

const tokenPattern = /\s*(?:'((?:[^'\\]|''|\\.)*)'(?::([*A-D]+))?|<(-|\d+)>|([!&|()]))/y

type Token = { word: QueryNode } | { distance: number } | { symbol: string }

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
    const [, quoted, flags, distance, symbol] = match
    if (quoted !== undefined) tokens.push({ word: wordOf(quoted, flags) })
    else if (distance !== undefined)
      tokens.push({ distance: distance === '-' ? 1 : Number(distance) })
    else tokens.push({ symbol: symbol ?? '' })
  }
  return tokens
}

function wordOf(quoted: string, flags = ''): QueryNode {
  const word = quoted.replace(/''|\\(.)/g, (_, escaped: string | undefined) => escaped ?? "'")
  return flags.includes('*') ? { type: 'prefix', prefix: word } : { type: 'lexeme', lexeme: word }
}

/**
 * Reads the text form that Postgres gives a `tsquery`, e.g. `'exact' <-> 'phrase' & !'other'`.
 * @returns `null` for the empty query
 * @throws {SyntaxError} Postgres would not write this
 */
export function parseTsquery(text: string): QueryNode | null {
  if (text.trim() === '') return null
  const tokens = tokensOf(text)
  let at = 0
  const isSymbol = (symbol: string) => {
    const token = tokens[at]
    return token !== undefined && 'symbol' in token && token.symbol === symbol
  }
  const binary = (type: 'and' | 'or', symbol: string, operand: () => QueryNode) => () => {
    let left = operand()
    while (isSymbol(symbol)) {
      at += 1
      left = { type, left, right: operand() }
    }
    return left
  }
  const either = binary('or', '|', binary('and', '&', phrase))
  const node = either()
  if (at !== tokens.length) throw new SyntaxError('not a tsquery')
  return node

  function phrase(): QueryNode {
    let left = unary()
    for (let token = tokens[at]; token && 'distance' in token; token = tokens[at]) {
      at += 1
      left = { type: 'phrase', left, right: unary(), distance: token.distance }
    }
    return left
  }
  function unary(): QueryNode {
    const token = tokens[at++]
    if (token && 'word' in token) return token.word
    if (token && 'symbol' in token && token.symbol === '!') return { type: 'not', operand: unary() }
    if (!(token && 'symbol' in token && token.symbol === '('))
      throw new SyntaxError('not a tsquery')
    const inner = either()
    if (!isSymbol(')')) throw new SyntaxError('not a tsquery')
    at += 1
    return inner
  }
}

/** The text form that Postgres reads back as the same query. */
export function formatTsquery(node: QueryNode): string {
  switch (node.type) {
    case 'lexeme':
      return quoted(node.lexeme)
    case 'prefix':
      return `${quoted(node.prefix)}:*`
    case 'not':
      return `!( ${formatTsquery(node.operand)} )`
    default:
      return `( ${formatTsquery(node.left)} ${operatorOf(node)} ${formatTsquery(node.right)} )`
  }
}

/** A query that finds any of the words. */
export const formatAny = ({ lexemes, prefixes }: WantedWords): string =>
  [...lexemes.map(quoted), ...prefixes.map((prefix) => `${quoted(prefix)}:*`)].join(' | ')

const quoted = (word: string): string => `'${word.replace(/['\\]/g, '$&$&')}'`

function operatorOf(node: Extract<QueryNode, { left: QueryNode }>): string {
  if (node.type === 'phrase') return `<${node.distance}>`
  return node.type === 'and' ? '&' : '|'
}

/** Must every match contain a word of the query? Where not, an index cannot help and nearly everything matches. */
export function isAnchored(node: QueryNode): boolean {
  if (node.type === 'lexeme' || node.type === 'prefix') return true
  if (node.type === 'not') return false
  const sides = [isAnchored(node.left), isAnchored(node.right)]
  return node.type === 'or' ? sides.every(Boolean) : sides.some(Boolean)
}

/** The same query with something else in the place of each word. */
export function mapLexemes(node: QueryNode, map: (lexeme: string) => QueryNode): QueryNode {
  if (node.type === 'lexeme') return map(node.lexeme)
  if (node.type === 'prefix') return node
  if (node.type === 'not') return { ...node, operand: mapLexemes(node.operand, map) }
  return { ...node, left: mapLexemes(node.left, map), right: mapLexemes(node.right, map) }
}

/** What a match may be found by. */
export type WantedWords = { lexemes: string[]; prefixes: string[] }

/** The words that a match may be found by; those of excluded parts are left out. */
export function wantedWords(node: QueryNode): WantedWords {
  if (node.type === 'lexeme') return { lexemes: [node.lexeme], prefixes: [] }
  if (node.type === 'prefix') return { lexemes: [], prefixes: [node.prefix] }
  if (node.type === 'not') return { lexemes: [], prefixes: [] }
  const [left, right] = [wantedWords(node.left), wantedWords(node.right)]
  return {
    lexemes: [...new Set([...left.lexemes, ...right.lexemes])],
    prefixes: [...new Set([...left.prefixes, ...right.prefixes])],
  }
}
