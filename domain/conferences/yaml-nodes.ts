import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { SourceFault, type SourceProblem } from './source.ts'

/** A file, its root and where things stand in it; problems are gathered as they are met. */
export type YamlFile = { root: unknown; lines: LineCounter }

/**
 * Reads YAML without resolving anything: aliases stay what they are, so that none unfolds.
 * @throws {SourceFault} the first mistake of its syntax
 */
export function parseYaml(text: string): YamlFile {
  const lines = new LineCounter()
  const document = composed(text, lines)
  const error = document?.errors[0]
  // Of brackets in brackets in brackets the reader runs out of stack.
  if (!document || error?.message.includes('call stack'))
    throw new SourceFault('It cannot be read; it may be nested too deeply.')
  if (error) {
    const { line, col } = lines.linePos(error.pos[0])
    const isSecond = error.code === 'MULTIPLE_DOCS'
    const detail = isSecond ? 'A second document begins here: make it one list.' : error.message
    throw new SourceFault(plain(detail), { line, column: col })
  }
  return { root: document.contents, lines }
}

function composed(text: string, lines: LineCounter) {
  // Not silent: then it would pass over a second document, and say nothing of it.
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error' } as const
  const { stackTraceLimit } = Error
  // A file can have a mistake at each character, and each would be kept with its stack, for seconds.
  Error.stackTraceLimit = 0
  try {
    // Keys are compared here below: the library compares each with each, for minutes where there are many.
    return parseDocument(text, { ...options, uniqueKeys: false })
  } catch (err) {
    if (err instanceof RangeError) return null
    throw err
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

const plain = (message: string): string => message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)

const problemsMax = 50 // of an entry; more help nobody
const controls = /\p{Cc}/u
// They turn round all that is written after them, and come along unseen when a name is copied.
const turning = /[\u202a-\u202e\u2066-\u2069]/g

/** Reads the parts of one entry; what is wrong is noted with its place, and read as if it were empty. */
export class NodeReader {
  readonly problems: SourceProblem[] = []
  readonly #lines: LineCounter

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  lineOf(node: unknown): number {
    return this.#place(node).line
  }

  hasErrors = false

  error(node: unknown, detail: string): void {
    // The first error stays, however many warnings came before.
    if (!this.hasErrors || this.problems.length < problemsMax)
      this.problems.push({ ...this.#place(node), severity: 'error', detail })
    this.hasErrors = true
  }

  warn(node: unknown, detail: string): void {
    if (this.problems.length < problemsMax)
      this.problems.push({ ...this.#place(node), severity: 'warning', detail })
  }

  /** The pairs of a map by key; those whose key is not known are warned of. */
  fields(node: unknown, known: readonly string[]): Map<string, Pair> {
    if (!isMap(node)) {
      this.error(node, `Must be a list of ${known.slice(0, 3).join(', ')} and so on.`)
      return new Map()
    }
    const fields = new Map<string, Pair>()
    for (const pair of (node as YAMLMap).items) {
      const key = keyOf(pair)
      if (fields.has(key)) this.error(pair.key, `"${shownKey(key)}" stands here twice.`)
      else if (!known.includes(key)) this.warn(pair.key, `"${shownKey(key)}" is not known here.`)
      fields.set(key, pair)
    }
    return fields
  }

  /** The entries of a list. */
  list(node: unknown, { name, max }: { name: string; max: number }): unknown[] {
    if (!isSeq(node)) {
      this.error(node, `"${name}" must be a list.`)
      return []
    }
    if (node.items.length <= max) return node.items
    this.error(node, `"${name}" has more than ${max} entries.`)
    return []
  }

  /** A text as it stands there, on one line; numbers are texts, nothing is an empty one. */
  text(node: unknown, { name, max }: { name: string; max: number }): string {
    if (node === null || node === undefined) return ''
    if (isAlias(node) || !isScalar(node)) {
      this.error(
        node,
        isAlias(node) ? 'Aliases are not taken: write it out.' : `"${name}" is a text.`,
      )
      return ''
    }
    const text = scalarText(node.value, node.source)
    if (controls.test(text) || !text.isWellFormed())
      this.error(node, `"${name}" has a character that cannot be stored.`)
    else if (text.length > max) this.error(node, `"${name}" has more than ${max} characters.`)
    else return text
    return ''
  }

  #place(node: unknown): { line: number; column: number } {
    const start = (node as Node | null | undefined)?.range?.[0]
    const { line, col } = this.#lines.linePos(start ?? 0)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }
}

// For people's terminals too: neither a control character nor half of one.
const shownKey = (key: string): string =>
  key
    .slice(0, 60)
    .toWellFormed()
    .replaceAll(/\p{Cc}/gu, '\ufffd')

const keyOf = ({ key }: Pair): string =>
  isScalar(key) ? scalarText(key.value, key.source) : '(no text)'

function scalarText(value: unknown, source: string | undefined): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'string' ? value : (source ?? String(value))
  return text.replaceAll(turning, '').trim().replaceAll(/\s+/g, ' ')
}
