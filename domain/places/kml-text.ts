import { unreadable } from './feature.ts'

const start = 200 // bytes within which an XML declaration lies

/**
 * The text of an XML file, by its byte order mark, else by what it declares, else UTF-8.
 * @throws {PlacesFileFault}
 */
export function xmlText(bytes: Uint8Array): string {
  const declared = declaredEncoding(bytes)
  const marked = markedEncoding(bytes)
  if (marked !== null && declared !== null && !declared.startsWith(marked.slice(0, 6)))
    throw unreadable(`The file says that it is ${declared}, and begins as ${marked}.`)
  const encoding = marked ?? declared ?? 'utf-8'
  if (marked === null && encoding.startsWith('utf-16'))
    throw unreadable('The file says that it is UTF-16, and is not.')
  return decoded(bytes, encoding)
}

function markedEncoding(bytes: Uint8Array): string | null {
  const [first, second] = bytes
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : null
}

function declaredEncoding(bytes: Uint8Array): string | null {
  // Zeros of UTF-16 left out, every encoding that is known here writes a declaration as ASCII does.
  const ascii = bytes.subarray(0, 2 * start).filter((byte) => byte !== 0)
  const head = String.fromCharCode(...ascii)
  const [, name] = /<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head) ?? []
  return name?.toLowerCase() ?? null
}

function decoded(bytes: Uint8Array, encoding: string): string {
  const decoder = decoderOf(encoding)
  try {
    return decoder.decode(bytes)
  } catch {
    throw unreadable(`The file is not valid ${encoding.toUpperCase()}.`)
  }
}

function decoderOf(encoding: string) {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch {
    throw unreadable(`The encoding ${encoding} is not known here; use UTF-8.`)
  }
}
