import type { DocumentKind } from '../../db/schema/documents.ts'
import { AppError } from '../_shared/http/problems.ts'

const headBytes = 1024 // where a PDF must say that it is one
const unsupported = (): AppError =>
  new AppError('unsupported_media_type', 'The file is neither a PDF, an image nor UTF-8 text.', {
    hint: 'PDF, PNG, JPEG, TIFF, plain text and Markdown can be read.',
  })

const imageTypes = ['image/png', 'image/jpeg', 'image/tiff'] as const
export type FoundType = 'application/pdf' | 'text/plain' | (typeof imageTypes)[number]

// TIFF in both byte orders, each also as BigTIFF.
const signatures: readonly [bytes: string, type: FoundType][] = [
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['\xff\xd8\xff', 'image/jpeg'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  ['II+\0', 'image/tiff'],
  ['MM\0+', 'image/tiff'],
]

/** What the first bytes of a file say that it is; `null`: perhaps text. */
function typeOfHead(head: string): FoundType | null {
  const [, image] = signatures.find(([bytes]) => head.startsWith(bytes)) ?? []
  return image ?? (head.includes('%PDF-') ? 'application/pdf' : null)
}

/** The same bytes, and what kind of file they are: known when all of them have been read. */
export type InspectedFile = { body: ReadableStream<Uint8Array>; type: () => FoundType }

/**
 * Looks at a file while it streams by. Reading fails with `unsupported_media_type` as soon as it can be none of
 * them, and with `invalid` when it is empty.
 */
export function inspectedFile(body: ReadableStream<Uint8Array>): InspectedFile {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let head = ''
  let binary: FoundType | null = null
  let isText = true
  let bytes = 0
  const look = (chunk: Uint8Array) => {
    if (bytes < headBytes) {
      head += latin1(chunk.subarray(0, headBytes - bytes))
      binary = typeOfHead(head)
    }
    bytes += chunk.byteLength
    if (binary === null && isText) isText = isTextChunk(decoder, chunk)
    if (binary === null && !isText && bytes >= headBytes) throw unsupported()
  }
  const inspector = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      look(chunk)
      controller.enqueue(chunk)
    },
    flush() {
      if (bytes === 0) throw emptyFile()
      if (binary === null && !(isText && isTextChunk(decoder))) throw unsupported()
    },
  })
  return { body: body.pipeThrough(inspector), type: () => binary ?? 'text/plain' }
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

const emptyFile = (): AppError =>
  new AppError('invalid', 'The file is empty.', {
    errors: [{ in: 'body', pointer: '/', code: 'empty', detail: 'The file is empty.' }],
  })

type Decoder = InstanceType<typeof TextDecoder>

// Without a chunk: is a character left unfinished? NUL is no text: Postgres cannot store it.
function isTextChunk(decoder: Decoder, chunk?: Uint8Array): boolean {
  if (chunk?.includes(0)) return false
  try {
    decoder.decode(chunk, { stream: chunk !== undefined })
    return true
  } catch {
    return false
  }
}

const markdownName = /\.(?:md|markdown)$/i
const markdownType = /^text\/(?:x-)?markdown\b/i

/** Text is Markdown by its name or the media type it was sent with; the bytes cannot tell. */
export function kindOf(
  found: FoundType,
  { filename, mediaType }: { filename: string | null; mediaType: string | null },
): { kind: DocumentKind; mediaType: string } {
  if (found === 'application/pdf') return { kind: 'pdf', mediaType: found }
  if (found !== 'text/plain') return { kind: 'image', mediaType: found }
  const isMarkdown = markdownName.test(filename ?? '') || markdownType.test(mediaType ?? '')
  return isMarkdown
    ? { kind: 'markdown', mediaType: 'text/markdown' }
    : { kind: 'text', mediaType: found }
}
