import type { QueryNode } from './tsquery.ts'

/** First and last position of one match in a document's sequence of words. */
export type Span = readonly [first: number, last: number]

/** Of each word that may be wanted: where it stands, ascending. */
export type Positions = ReadonlyMap<string, readonly number[]>

/** Where the wanted parts of a query stand: each word by itself, a phrase only as a whole. */
export function spansOf(node: QueryNode, positions: Positions): Span[] {
  switch (node.type) {
    case 'lexeme':
      return (positions.get(node.lexeme) ?? []).map((at) => [at, at])
    case 'prefix':
      return [...positions]
        .filter(([lexeme]) => lexeme.startsWith(node.prefix))
        .flatMap(([, places]) => places.map((at): Span => [at, at]))
    case 'not':
      return []
    case 'phrase':
      return phraseSpans(node, positions)
    default:
      return [...spansOf(node.left, positions), ...spansOf(node.right, positions)]
  }
}

type Phrase = Extract<QueryNode, { type: 'phrase' }>

function phraseSpans(node: Phrase, positions: Positions): Span[] {
  const rightByFirst = new Map(spansOf(node.right, positions).map((span) => [span[0], span]))
  return spansOf(node.left, positions).flatMap(([first, last]): Span[] => {
    const right = rightByFirst.get(last + node.distance)
    return right ? [[first, right[1]]] : []
  })
}
