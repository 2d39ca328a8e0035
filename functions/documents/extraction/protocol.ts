import type { DocumentKind, FailureCode } from '../../../db/schema/index.ts'
import type { TextChoice, TextReason } from '../../../db/schema/text-sources.ts'

/** One page as it leaves the child process. `words` is packed, see `domain/documents/words.ts`. */
export type ExtractedPage = {
  textChoice: TextChoice | null // null: it was not read
  textReason: TextReason | null
  number: number // from 1
  widthPoints: number | null // null for kinds without geometry
  heightPoints: number | null
  rotation: 0 | 90 | 180 | 270
  text: string
  words: Uint8Array
  confidences: Uint8Array | null // of each word, when some were recognized
  failureCode: FailureCode | null // this page alone could not be read
}

/** A page that could not be read. */
export const unreadPage = (number: number, failureCode: FailureCode): ExtractedPage => ({
  number,
  widthPoints: null,
  heightPoints: null,
  rotation: 0,
  text: '',
  words: new Uint8Array(),
  textChoice: null,
  textReason: null,
  confidences: null,
  failureCode,
})

/** How the picture of a page is read. */
export type Recognition = {
  dpi: number
  languages: readonly string[]
  dataPaths: readonly string[] // of each language, a `.traineddata` file, compressed or not
}

/** One page as a picture, `widthPixels` wide. */
export type Picture = { number: number; widthPixels: number }

/** What one child is to do. The password comes only this way: never in arguments or environment. */
export type StartMessage = {
  type: 'start'
  path: string
  kind: DocumentKind
  password: string | null
  fromPage: number // pages before it are already stored
  pagesMax: number
  /** Read page `fromPage` alone, and its picture too when its text does not come from the text layer; `null`: never. */
  onePage?: { recognition: Recognition | null }
  /** Draw these and read nothing. */
  pictures?: readonly Picture[]
}

/** The parent has dealt with these pages; the child may run at most {@link pagesAheadMax} pages ahead. */
export type AcknowledgeMessage = { type: 'acknowledge'; pages: number }

export type DocumentMessage = {
  type: 'document'
  pageCount: number
  title: string | null
  author: string | null
}
export type PageMessage = { type: 'page'; page: ExtractedPage }
/** A drawn page, or why there is no picture of it. */
export type PictureMessage = Picture & { type: 'picture' } & (
    | { jpeg: Uint8Array; failureCode: null }
    | { jpeg: null; failureCode: FailureCode }
  )
export type FailedMessage = { type: 'failed'; code: FailureCode; message: string }

/** `document` first, then pages in order, then `done`; or `failed` at any point. */
export type ContentMessage = DocumentMessage | PageMessage
export type ChildMessage = ContentMessage | PictureMessage | FailedMessage | { type: 'done' }
export type ParentMessage = StartMessage | AcknowledgeMessage

// Enough that the child never waits for a healthy database, few enough that memory stays flat.
export const pagesAheadMax = 16

/** More text than this on one page is cut: a megabyte of it is no page anybody reads. */
export const pageCharactersMax = 1_000_000

/** Why a document, or one page, could not be read. The message may be shown to the user. */
export class ExtractionFailure extends Error {
  readonly code: FailureCode

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ExtractionFailure'
    this.code = code
  }
}
