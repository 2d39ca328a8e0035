import { toHex } from '../access/keys.ts'
import type { ByteRange, Storage } from '../ports/storage.ts'
import { AppError } from './problems.ts'

export type StoredFile = {
  storageKey: string
  sha256: Uint8Array
  bytes: number
  filename: string
  mediaType: string
}

/**
 * Sends a stored file as an attachment, whole or one range of it; its ETag is the digest of its bytes.
 * @throws {AppError} `range_not_satisfiable`; `not_found` when the bytes are gone
 */
export async function fileResponse(
  { headers: given, method }: Request,
  storage: Storage,
  file: StoredFile,
): Promise<Response> {
  const etag = `"${toHex(file.sha256)}"`
  const headers = fileHeaders(file, etag)
  if (namesTag(given.get('if-none-match'), etag))
    return new Response(null, { status: 304, headers })
  const range = usableRange(given, { etag, bytes: file.bytes })
  if (range) {
    headers.set('Content-Range', `bytes ${range.start}-${range.endInclusive}/${file.bytes}`)
    headers.set('Content-Length', String(range.endInclusive - range.start + 1))
  }
  const status = range ? 206 : 200
  // The host drops a HEAD reply's body without closing it, so no file may be opened for it.
  if (method === 'HEAD') return new Response(null, { status, headers })
  const body = await storage.get(file.storageKey, range ?? undefined)
  if (!body) throw new AppError('not_found', 'There is nothing here.')
  return new Response(body, { status, headers })
}

function fileHeaders(file: StoredFile, etag: string): Headers {
  const isText = file.mediaType.startsWith('text/')
  return new Headers({
    'Content-Type': isText ? `${file.mediaType}; charset=utf-8` : file.mediaType,
    'Content-Length': String(file.bytes),
    'Content-Disposition': contentDisposition(file.filename),
    // A browser that shows the file anyway must not run what is in it on our origin.
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Accept-Ranges': 'bytes',
    ETag: etag,
  })
}

/** Does an `If-None-Match` name this tag? Compared weakly (RFC 9110, section 13.1.2). @param etag without `W/` */
export const namesTag = (header: string | null, etag: string): boolean =>
  header !== null &&
  (header.trim() === '*' ||
    header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))

type Whole = { etag: string; bytes: number }

/** The range to send; `null`: send everything. @throws {AppError} `range_not_satisfiable` */
export function usableRange(given: Headers, { etag, bytes }: Whole): ByteRange | null {
  const header = given.get('range')
  const ifRange = given.get('if-range')
  // Another version (or a date, which we never gave) asks for the whole; weak tags never match here.
  if (header === null || (ifRange !== null && ifRange.trim() !== etag)) return null
  return byteRange(header, bytes)
}

/**
 * Reads a `Range` header.
 * @returns `null` for what may be ignored: another unit, several ranges, broken syntax
 * @throws {AppError} `range_not_satisfiable` for a range wholly outside `bytes`
 * @see RFC 9110, section 14.2
 */
export function byteRange(header: string, bytes: number): ByteRange | null {
  const [, first = '', last = ''] = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header) ?? []
  if (first === '' && last === '') return null
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null
  const start = first === '' ? Math.max(0, bytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (start <= end) return { start, endInclusive: end }
  throw new AppError('range_not_satisfiable', `The file has ${bytes} bytes.`, {
    headers: { 'Content-Range': `bytes */${bytes}` },
  })
}

/** `attachment` with the name in ASCII for old clients and in full (RFC 6266, RFC 8187). */
export function contentDisposition(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_')
  const encoded = encodeURIComponent(filename.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`
}
