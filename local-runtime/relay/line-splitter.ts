import { StringDecoder } from 'node:string_decoder'

type Sinks = { onLine: (line: string) => void; onOversize: () => void; lineCharactersMax: number }

/** Cuts a stream of bytes into lines; holds at most one line of `lineCharactersMax`, and skips longer ones. */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #sinks: Sinks
  #rest = ''
  #isSkipping = false

  constructor(sinks: Sinks) {
    this.#sinks = sinks
  }

  write(chunk: Buffer): void {
    const text = this.#decoder.write(chunk)
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#take(text.slice(start, end))
      this.#finish()
      start = end + 1
    }
    this.#take(text.slice(start))
  }

  /** The stream is over: what is left is a line without its end. */
  end(): void {
    this.#take(this.#decoder.end())
    this.#finish()
  }

  #take(part: string): void {
    if (this.#isSkipping) return
    this.#rest += part
    if (this.#rest.length <= this.#sinks.lineCharactersMax) return
    this.#rest = ''
    this.#isSkipping = true
    this.#sinks.onOversize()
  }

  #finish(): void {
    const line = this.#rest
    this.#rest = ''
    if (!this.#isSkipping && line.trim() !== '') this.#sinks.onLine(line)
    this.#isSkipping = false
  }
}
