import { AppError } from '../_shared/http/problems.ts'
import type { Handler } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { ByteRange } from '../_shared/ports/storage.ts'
import { missing, type ReadVisible } from './access.ts'
import { toHex } from './contract.ts'
import { contentDisposition } from './filenames.ts'
import type { DocumentRow } from './queries.ts'
import type { getContent } from './result-routes.ts'

/** Sends the stored bytes, whole or one range of them. */
export const contentHandler =
  ({ storage }: Deps, readVisible: ReadVisible): Handler<typeof getContent> =>
  async (c, { param }) => {
    const row = await readVisible(c, param.id)
    const { headers: given, method } = c.request
    const etag = `"${toHex(row.sha256)}"`
    const headers = contentHeaders(row, etag)
    if (namesTag(given.get('if-none-match'), etag))
      return new Response(null, { status: 304, headers })
    const range = usableRange(given, { etag, bytes: row.bytes })
    if (range) {
      headers.set('Content-Range', `bytes ${range.start}-${range.endInclusive}/${row.bytes}`)
      headers.set('Content-Length', String(range.endInclusive - range.start + 1))
    }
    const status = range ? 206 : 200
    // The host drops a HEAD reply's body without closing it, so no file may be opened for it.
    if (method === 'HEAD') return new Response(null, { status, headers })
    const body = await storage.get(row.storageKey, range ?? undefined)
    if (!body) throw missing()
    return new Response(body, { status, headers })
  }

function contentHeaders(row: DocumentRow, etag: string): Headers {
  const isText = row.mediaType.startsWith('text/')
  return new Headers({
    'Content-Type': isText ? `${row.mediaType}; charset=utf-8` : row.mediaType,
    'Content-Length': String(row.bytes),
    'Content-Disposition': contentDisposition(row.filename),
    // A browser that shows the file anyway must not run what is in it on our origin.
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Accept-Ranges': 'bytes',
    ETag: etag,
  })
}

const namesTag = (header: string | null, etag: string): boolean =>
  header !== null &&
  (header.trim() === '*' ||
    header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))

type Whole = { etag: string; bytes: number }

/** The range to send; `null`: send everything. @throws {AppError} `range_not_satisfiable` */
function usableRange(given: Headers, { etag, bytes }: Whole): ByteRange | null {
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
