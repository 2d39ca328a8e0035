import type { DocumentKind } from '../../db/schema/documents.ts'
import { AppError } from '../_shared/http/problems.ts'

const headBytes = 1024 // where a PDF must say that it is one
const unsupported = (): AppError =>
  new AppError('unsupported_media_type', 'The file is neither a PDF nor UTF-8 text.', {
    hint: 'PDF, plain text and Markdown can be read.',
  })

/** The same bytes, and what kind of file they are: known when all of them have been read. */
export type InspectedFile = { body: ReadableStream<Uint8Array>; kind: () => 'pdf' | 'text' }

/**
 * Looks at a file while it streams by. Reading fails with `unsupported_media_type` as soon as it can be neither
 * kind, and with `invalid` when it is empty.
 */
export function inspectedFile(body: ReadableStream<Uint8Array>): InspectedFile {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let head = ''
  let isPdf = false
  let isText = true
  let bytes = 0
  const look = (chunk: Uint8Array) => {
    if (bytes < headBytes) {
      head += latin1(chunk.subarray(0, headBytes - bytes))
      isPdf = head.includes('%PDF-')
    }
    bytes += chunk.byteLength
    if (!isPdf && isText) isText = isTextChunk(decoder, chunk)
    if (!isPdf && !isText && bytes >= headBytes) throw unsupported()
  }
  const inspector = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      look(chunk)
      controller.enqueue(chunk)
    },
    flush() {
      if (bytes === 0) throw emptyFile()
      if (!isPdf && !(isText && isTextChunk(decoder))) throw unsupported()
    },
  })
  return { body: body.pipeThrough(inspector), kind: () => (isPdf ? 'pdf' : 'text') }
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
  found: 'pdf' | 'text',
  { filename, mediaType }: { filename: string | null; mediaType: string | null },
): DocumentKind {
  if (found === 'pdf') return 'pdf'
  const isMarkdown = markdownName.test(filename ?? '') || markdownType.test(mediaType ?? '')
  return isMarkdown ? 'markdown' : 'text'
}

export const mediaTypes: Record<DocumentKind, string> = {
  pdf: 'application/pdf',
  text: 'text/plain',
  markdown: 'text/markdown',
}
