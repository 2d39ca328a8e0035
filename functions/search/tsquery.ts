/** A parsed `tsquery`. `distance`: positions between the two sides of a phrase operator. */
export type QueryNode =
  | { type: 'lexeme'; lexeme: string }
  | { type: 'not'; operand: QueryNode }
  | { type: 'and' | 'or'; left: QueryNode; right: QueryNode }
  | { type: 'phrase'; left: QueryNode; right: QueryNode; distance: number }

const tokenPattern = /\s*(?:'((?:[^'\\]|''|\\.)*)'(?::[*A-D]+)?|<(-|\d+)>|([!&|()]))/y

type Token = { lexeme: string } | { distance: number } | { symbol: string }

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  for (let match = tokenPattern.exec(text); match; match = tokenPattern.exec(text)) {
    const [, lexeme, distance, symbol] = match
    if (lexeme !== undefined) tokens.push({ lexeme: lexeme.replace(/''|\\(.)/g, unescaped) })
    else if (distance !== undefined)
      tokens.push({ distance: distance === '-' ? 1 : Number(distance) })
    else tokens.push({ symbol: symbol ?? '' })
  }
  return tokens
}

const unescaped = (_: string, escaped: string | undefined): string => escaped ?? "'"

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
    if (token && 'lexeme' in token) return { type: 'lexeme', lexeme: token.lexeme }
    if (token && 'symbol' in token && token.symbol === '!') return { type: 'not', operand: unary() }
    if (!(token && 'symbol' in token && token.symbol === '('))
      throw new SyntaxError('not a tsquery')
    const inner = either()
    if (!isSymbol(')')) throw new SyntaxError('not a tsquery')
    at += 1
    return inner
  }
}

/** Must every match contain a word of the query? Where not, an index cannot help and nearly everything matches. */
export function isAnchored(node: QueryNode): boolean {
  if (node.type === 'lexeme') return true
  if (node.type === 'not') return false
  const sides = [isAnchored(node.left), isAnchored(node.right)]
  return node.type === 'or' ? sides.every(Boolean) : sides.some(Boolean)
}

/** The lexemes that a match may be found by; those of excluded parts are left out. */
export function wantedLexemes(node: QueryNode): string[] {
  if (node.type === 'lexeme') return [node.lexeme]
  if (node.type === 'not') return []
  return [...new Set([...wantedLexemes(node.left), ...wantedLexemes(node.right)])]
}

/** First and last position of one match in a document's sequence of words. */
export type Span = readonly [first: number, last: number]

/**
 * Where the wanted parts of a query stand: each word by itself, a phrase only as a whole.
 * @param positions of each lexeme, ascending
 */
export function spansOf(
  node: QueryNode,
  positions: ReadonlyMap<string, readonly number[]>,
): Span[] {
  switch (node.type) {
    case 'lexeme':
      return (positions.get(node.lexeme) ?? []).map((at) => [at, at])
    case 'not':
      return []
    case 'phrase':
      return phraseSpans(node, positions)
    default:
      return [...spansOf(node.left, positions), ...spansOf(node.right, positions)]
  }
}

type Phrase = Extract<QueryNode, { type: 'phrase' }>

function phraseSpans(node: Phrase, positions: ReadonlyMap<string, readonly number[]>): Span[] {
  const rightByFirst = new Map(spansOf(node.right, positions).map((span) => [span[0], span]))
  return spansOf(node.left, positions).flatMap(([first, last]): Span[] => {
    const right = rightByFirst.get(last + node.distance)
    return right ? [[first, right[1]]] : []
  })
}
