import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { type Part, readParts } from './multipart.ts'

const filesMax = 100
const passwordCharactersMax = 1_000

/** One file of a request, its bytes not yet read. Read it before asking for the next. */
export type IncomingFile = {
  filename: string | null
  mediaType: string | null
  body: ReadableStream<Uint8Array>
}

/** What the files of a request share; `password` may come in any part of a multipart body. */
export type FormFields = { password: string | null }

export const isMultipart = (headers: Headers): boolean =>
  /^multipart\//i.test(headers.get('content-type') ?? '')

type Incoming = { request: Request; body: ReadableStream<Uint8Array>; filename: string | null }

/**
 * The files of a request: the body itself, or the fields `file` of a multipart body.
 * @param fields receives what other fields say, complete once all files have been read
 * @throws {AppError} `malformed`, or `invalid` for fields that are not known
 */
export async function* incomingFiles(
  { request, body, filename }: Incoming,
  fields: FormFields,
): AsyncGenerator<IncomingFile, void, undefined> {
  const contentType = request.headers.get('content-type')
  if (!isMultipart(request.headers) || contentType === null)
    return yield { filename, mediaType: contentType, body }
  if (!/^multipart\/form-data\b/i.test(contentType))
    throw new AppError('unsupported_media_type', 'Multipart bodies must be multipart/form-data.')
  let files = 0
  for await (const part of readParts(body, contentType)) {
    if (part.name === 'password') fields.password = await readPassword(part)
    else if (part.name !== 'file') throw unknownField(part.name)
    else if (++files > filesMax)
      throw invalid({ pointer: '/file', code: 'too_many', detail: `At most ${filesMax} files.` })
    else yield { filename: part.filename ?? filename, mediaType: part.mediaType, body: part.body }
  }
  if (files === 0)
    throw invalid({ pointer: '/file', code: 'missing', detail: 'The field `file` is missing.' })
}

const invalid = (fault: Omit<InputFault, 'in'>): AppError =>
  new AppError('invalid', `body ${fault.pointer}: ${fault.detail}`, {
    errors: [{ in: 'body', ...fault }],
  })

const unknownField = (name: string | null): AppError =>
  invalid({
    pointer: `/${(name ?? '').slice(0, 100).toWellFormed().replaceAll('\u0000', '')}`,
    code: 'unknown_name',
    detail: 'This field is not known here.',
    hint: 'Files go into fields named `file`.',
  })

async function readPassword({ body }: Part): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  try {
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length > passwordCharactersMax) break
    }
    text += decoder.decode()
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('malformed', 'The password is not valid UTF-8.', { cause })
  }
  if (text.length >= 1 && text.length <= passwordCharactersMax) return text
  const detail = `Must have 1 to ${passwordCharactersMax} characters.`
  throw invalid({ pointer: '/password', code: 'length', detail })
}

/** A header's text: bytes on the wire, read as UTF-8 where they are UTF-8 and as Latin-1 otherwise. */
export function headerText(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value)) return value
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return value
  }
}
