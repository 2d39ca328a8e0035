import { readPieces } from '../../domain/artifacts/pieces.ts'
import { isText } from '../../domain/artifacts/text.ts'
import { findVisibleVersion, type SeenVersion } from '../../domain/artifacts/versions.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { Handler } from '../_shared/http/route.ts'
import { contentDisposition, namesTag, usableRange } from '../_shared/http/stored-file.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { uploadHeaders } from './appending.ts'
import type { readContent } from './contract-versions.ts'
import { missing, readerOf } from './place.ts'

const endings = {
  'text/markdown': '.md',
  'text/plain': '.txt',
  'text/html': '.html',
  'text/csv': '.csv',
  'application/json': '.json',
  'application/octet-stream': '',
} as const

/** Sends what is stored of a version, whole or one range of it, as it is read. */
export const contentHandler =
  ({ db }: Deps): Handler<typeof readContent> =>
  async (c, { param: { id, number } }) => {
    const seen = await findVisibleVersion(db, readerOf(c), { artifactId: id, number })
    if (!seen) throw missing()
    const { version } = seen
    const etag = version.sha256 === null ? null : `"${toHex(version.sha256)}"`
    const headers = headersOf(seen, etag)
    const given = c.request.headers
    if (etag !== null && namesTag(given.get('if-none-match'), etag))
      return new Response(null, { status: 304, headers })
    const bytes = version.sizeBytes
    const range = usableRange(given, { etag: etag ?? '', bytes })
    const [start, end] = range ? [range.start, range.endInclusive + 1] : [0, bytes]
    const sent = { ...headers, 'Content-Length': String(end - start) }
    const body = () => readPieces(db, version, { start, end })
    if (!range) return streamed(c, sent, body)
    const contentRange = { 'Content-Range': `bytes ${start}-${end - 1}/${bytes}` }
    const part = streamed(c, { ...sent, ...contentRange }, body)
    return new Response(part.body, { status: 206, headers: part.headers })
  }

function headersOf({ artifact, version }: SeenVersion, etag: string | null) {
  const { mediaType, title } = artifact
  return {
    'Content-Type': isText(mediaType) ? `${mediaType}; charset=utf-8` : mediaType,
    'Content-Disposition': contentDisposition(`${title}${endings[mediaType]}`),
    // A browser that shows it anyway must not run what is in it on our origin.
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Accept-Ranges': 'bytes',
    ...uploadHeaders(version),
    ...(etag === null ? { 'Cache-Control': 'no-store' } : { ETag: etag }),
  }
}
