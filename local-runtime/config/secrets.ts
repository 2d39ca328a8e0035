import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { inspect } from 'node:util'

const mask = '********'

/** A value that cannot be printed by accident; {@link Secret.reveal} is the only way to it. */
export class Secret {
  /** Where it comes from: a variable, or a file's path. */
  readonly source: string
  /** Absolute path, when it is kept in a file. */
  readonly file: string | null
  readonly #read: () => string

  private constructor(source: string, file: string | null, read: () => string) {
    this.source = source
    this.file = file
    this.#read = read
    Object.freeze(this)
  }

  static ofValue(value: string, source: string): Secret {
    return new Secret(source, null, () => value)
  }

  /** The file is read when the value is asked for: a generated one may not exist yet. */
  static ofFile(file: string): Secret {
    return new Secret(file, file, () => readSecretFile(file))
  }

  /** @throws {Error} its file is missing, empty or unreadable */
  reveal(): string {
    return this.#read()
  }

  /** @throws {Error} as {@link Secret.reveal}, and when it is not 32 bytes in hexadecimal or base64 */
  bytes32(): Uint8Array<ArrayBuffer> {
    const bytes = decode32(this.reveal())
    if (bytes === null)
      throw new Error(`${this.source} does not hold 32 bytes in hexadecimal or base64`)
    return bytes
  }

  toJSON(): string {
    return mask
  }

  toString(): string {
    return mask
  }

  [inspect.custom](): string {
    return mask
  }
}

/** @returns the file's text without the line break that editors leave @throws {Error} one sentence without the value */
export function readSecretFile(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (err) {
    const reason = (err as NodeJS.ErrnoException).code
    throw new Error(`the secret file ${file} cannot be read (${reason})`, { cause: err })
  }
  if (text === '') throw new Error(`the secret file ${file} is empty`)
  return text
}

/** @returns 32 bytes, or `null` when `text` is neither 64 hexadecimal digits nor base64 of 32 bytes */
export function decode32(text: string): Uint8Array<ArrayBuffer> | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return new Uint8Array(Buffer.from(text, 'hex'))
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return null
  return new Uint8Array(Buffer.from(text, 'base64'))
}

/**
 * Writes 32 random bytes as hexadecimal into `file` (0600) unless it exists.
 * Of several callers at once exactly one wins, and nobody ever sees half a secret: the file appears by `link`.
 */
export function ensureSecretFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    readFileSync(file)
    return
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'ENOENT') throw err
  }
  try {
    writeFileSync(draft, `${randomBytes(32).toString('hex')}\n`, {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    })
    linkSync(draft, file)
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== 'EEXIST') throw err
  } finally {
    rmSync(draft, { force: true })
  }
}
