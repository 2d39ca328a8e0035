import type { ReadStream, WriteStream } from 'node:tty'

const control = '\u001b['
// The other page of the terminal, no cursor, and lines that are cut instead of broken.
const enter = `${control}?1049h${control}?25l${control}?7l`
const leave = `${control}?7h${control}?25h${control}?1049l`
const home = `${control}H`
const clearLine = `${control}K`
const clearBelow = `${control}J`

const rowsDefault = 24
const interrupt = '\u0003' // Ctrl-C, which comes as a key while the terminal is raw

export type Terminal = {
  input: Pick<ReadStream, 'isTTY' | 'setRawMode' | 'on' | 'off' | 'resume' | 'pause'>
  output: Pick<WriteStream, 'write' | 'rows'>
}

/** A terminal that shows one picture after the other, and afterwards what it showed before. */
export class Screen {
  readonly #terminal: Terminal
  readonly #onKey: (key: Buffer | string) => void
  readonly #restore = (): void => this.close()
  #isOpen = true

  /** @param end is called when a person presses q or Ctrl-C */
  constructor(terminal: Terminal, end: () => void) {
    this.#terminal = terminal
    this.#onKey = (key) => {
      if (/q/i.test(String(key)) || String(key).includes(interrupt)) end()
    }
    const { input, output } = terminal
    output.write(enter)
    // Also when the program ends by an error.
    process.once('exit', this.#restore)
    if (!input.isTTY) return
    input.setRawMode(true)
    input.on('data', this.#onKey)
    input.resume()
  }

  get rows(): number {
    return this.#terminal.output.rows || rowsDefault
  }

  show(lines: readonly string[]): void {
    const shown = lines.slice(0, this.rows).map((line) => line + clearLine)
    if (this.#isOpen) this.#terminal.output.write(home + shown.join('\r\n') + clearBelow)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    process.off('exit', this.#restore)
    const { input, output } = this.#terminal
    if (input.isTTY) {
      input.setRawMode(false)
      input.off('data', this.#onKey)
      input.pause()
    }
    output.write(leave)
  }
}
