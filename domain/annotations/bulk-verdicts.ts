/** One fault of a line: a JSON Pointer into it, as in the problems of other routes. */
export type LineFault = { pointer: string; code: string; detail: string; hint?: string }
/** `malformed`: no JSON; `invalid`: not an annotation; `duplicate`: its id stands for another one. */
export type Refusal = { code: 'malformed' | 'invalid' | 'duplicate'; errors: LineFault[] }

const outcomes = ['blank', 'created', 'exists', 'valid', 'not_created', 'refused'] as const
type Outcome = (typeof outcomes)[number]
const codeOf = (outcome: Outcome): number => outcomes.indexOf(outcome)
const [blank, created, refused] = [codeOf('blank'), codeOf('created'), codeOf('refused')]

const uuidBytes = 16
// Of all refusals of a request together: what is said of a line need not be kept for a million of them.
const refusalCharactersMax = 8 * 1024 * 1024
const refusalsKnownMax = 10_000
const linesPerText = 500
const withoutDetail = JSON.stringify({ code: 'invalid', errors: [] }).slice(1, -1)

/**
 * Verdicts of a request: 17 bytes a line, and what is said of those that were refused. They are kept until the body is
 * read: Caddy's server takes bytes out of a body that is still coming once its reply has begun.
 */
export class VerdictLog {
  readonly #blocks: BlockVerdicts[] = []
  readonly #known = new Map<string, string>()
  #charactersLeft = refusalCharactersMax

  /** Blocks come in the order of their lines; each is filled when it is known. */
  open(firstLine: number, count: number): BlockVerdicts {
    const block = new BlockVerdicts(firstLine, count, (refusal) => this.#kept(refusal))
    this.#blocks.push(block)
    return block
  }

  /** Nothing of what was made is there. */
  takeBack(): void {
    for (const block of this.#blocks) block.takeBack('not_created')
  }

  /** A verdict a line, in order, some hundreds at a time; lines that held nothing have none. */
  *texts(): Generator<string> {
    for (const block of this.#blocks) yield* block.texts()
  }

  #kept(refusal: Refusal): string {
    const text = JSON.stringify(refusal).slice(1, -1)
    const known = this.#known.get(text)
    if (known !== undefined) return known
    if (text.length > this.#charactersLeft) return withoutDetail
    this.#charactersLeft -= text.length
    if (this.#known.size < refusalsKnownMax) this.#known.set(text, text)
    return text
  }
}

/** The verdicts of lines that follow each other, by their place among them. */
export class BlockVerdicts {
  readonly #firstLine: number
  readonly #outcomes: Uint8Array
  readonly #ids: Uint8Array
  readonly #refusals = new Map<number, string>()
  readonly #keep: (refusal: Refusal) => string

  constructor(firstLine: number, count: number, keep: (refusal: Refusal) => string) {
    this.#firstLine = firstLine
    this.#outcomes = new Uint8Array(count)
    this.#ids = new Uint8Array(count * uuidBytes)
    this.#keep = keep
  }

  get hasRefused(): boolean {
    return this.#refusals.size > 0
  }

  set(place: number, outcome: 'created' | 'exists', id: Uint8Array): void {
    this.#outcomes[place] = codeOf(outcome)
    this.#refusals.delete(place)
    this.#ids.set(id, place * uuidBytes)
  }

  refuse(place: number, refusal: Refusal): void {
    this.#outcomes[place] = refused
    this.#refusals.set(place, this.#keep(refusal))
  }

  /** @param outcome of what would have been made */
  takeBack(outcome: 'valid' | 'not_created'): void {
    for (const [place, code] of this.#outcomes.entries()) {
      if (code !== created) continue
      this.#outcomes[place] = codeOf(outcome)
      this.#ids.fill(0, place * uuidBytes, (place + 1) * uuidBytes)
    }
  }

  *texts(): Generator<string> {
    for (let start = 0; start < this.#outcomes.length; start += linesPerText) {
      let text = ''
      const end = Math.min(start + linesPerText, this.#outcomes.length)
      for (let place = start; place < end; place += 1) text += this.#verdict(place)
      if (text !== '') yield text
    }
  }

  #verdict(place: number): string {
    const code = this.#outcomes[place] ?? blank
    if (code === blank) return ''
    const head = `{"line":${this.#firstLine + place},"status":"${outcomes[code]}"`
    if (code === refused) return `${head},${this.#refusals.get(place)}}\n`
    const id = uuidText(this.#ids, place * uuidBytes)
    return id === null ? `${head}}\n` : `${head},"id":"${id}"}\n`
  }
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function uuidText(bytes: Uint8Array, start: number): string | null {
  let text = ''
  let isSet = false
  for (let index = 0; index < uuidBytes; index += 1) {
    const byte = bytes[start + index] ?? 0
    isSet ||= byte !== 0
    if (index === 4 || index === 6 || index === 8 || index === 10) text += '-'
    text += hex[byte]
  }
  return isSet ? text : null
}
