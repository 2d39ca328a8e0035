import * as z from 'zod'
import { documentKinds, documentStatuses, failureCodes } from '../../db/schema/documents.ts'
import { textChoices, textReasons } from '../../db/schema/text-sources.ts'
import type { DocumentRow } from './queries.ts'

const path = z.string().meta({ format: 'uri-reference' })

export const TextSource = z
  .object({ choice: z.enum(textChoices), reason: z.enum(textReasons) })
  .meta({
    id: 'TextSource',
    description:
      "Whether text is the file's own (`text_layer`), recognized in its picture (`ocr`) or both (`mixed`), and why.",
  })

/** A document as callers see it. */
export const Document = z
  .object({
    id: z.uuid(),
    user_id: z.uuid().meta({ description: 'Who uploaded it.' }),
    filename: z.string().max(255).meta({ example: 'report.pdf' }),
    media_type: z.string().meta({ description: 'By its bytes, never by its name.' }),
    kind: z.enum(documentKinds),
    bytes: z.int().meta({ description: 'Size of the stored file in bytes.' }),
    sha256: z.string().meta({ description: 'Of the stored file, hexadecimal.' }),
    revision: z.int().meta({ description: 'Counts uploads of the same bytes, from 1.' }),
    file_version: z.int().meta({ description: 'Number of the current file among its versions.' }),
    storage_key: z.string().meta({ description: 'Names the stored file in the storage.' }),
    status: z.enum(documentStatuses),
    job_id: z.uuid().meta({ description: 'The run that reads it; see `/v1/jobs/{id}`.' }),
    page_count: z.int().nullable().meta({ description: '`null` until the file has been opened.' }),
    progress: z.object({ done: z.int(), total: z.int().nullable() }).meta({
      description: 'Pages. It never falls, except by reprocessing.',
    }),
    failure: z.object({ code: z.enum(failureCodes), message: z.string() }).nullable(),
    extraction_ms: z.int().nullable().meta({ description: 'Working time over all attempts.' }),
    title: z.string().nullable(),
    author: z.string().nullable(),
    text_source: TextSource.nullable().meta({
      description: 'Of its pages that are not blank; `null` until they have been read.',
    }),
    language: z.string().nullable().meta({ description: 'ISO 639-1, guessed.', example: 'en' }),
    tags: z.array(z.string()).meta({ description: 'In the order of the alphabet.' }),
    urls: z.object({ content: path, pages: path, text: path, ndjson: path, events: path }),
    version: z.int().meta({ description: 'Grows with every visible change, progress included.' }),
    trashed_at: z.iso.datetime().nullable().meta({ description: 'Since when it is in the trash.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Document', description: 'One uploaded file and what was read from it.' })

export const Receipt = Document.extend({
  duplicate: z.boolean().meta({ description: 'The same bytes were here already.' }),
}).meta({ id: 'UploadReceipt', description: 'The document that an upload made or found.' })

export const Receipts = z.object({ items: z.array(Receipt) }).meta({
  id: 'UploadReceipts',
  description: 'For a multipart upload of several files, in their order.',
})

export const Page = z
  .object({
    number: z.int().meta({ description: 'From 1.' }),
    width_points: z.number().nullable().meta({ description: 'After rotation; `null` for text.' }),
    height_points: z.number().nullable(),
    rotation: z.int().meta({ description: '0, 90, 180 or 270 degrees clockwise.' }),
    text: z.string(),
    text_source: TextSource.nullable().meta({
      description: '`null` for a page that was not read.',
    }),
    pending: z.boolean().meta({
      description: 'Its picture is still to be read; `text` is what its text layer has until then.',
    }),
    failure: z
      .object({ code: z.enum(failureCodes) })
      .nullable()
      .meta({
        description: 'Why this page alone could not be read.',
      }),
  })
  .meta({ id: 'Page' })

export const box = z.tuple([z.number(), z.number(), z.number(), z.number()]).meta({
  description: '`[x, y, width, height]` in 0..1 of the page, origin top left, after rotation.',
})

export const Words = z
  .object({
    items: z.array(
      z.object({
        text: z.string(),
        box,
        confidence: z.number().nullable().meta({
          description: "How sure recognition is, 0..1; `null` for a word of the file's own text.",
        }),
      }),
    ),
  })
  .meta({ id: 'Words', description: 'The words of a page in reading order.' })

/** A row as callers see it. */
export function toDocument(row: DocumentRow): z.input<typeof Document> {
  const base = `/v1/documents/${row.id}`
  return {
    id: row.id,
    user_id: row.userId,
    filename: row.filename,
    media_type: row.mediaType,
    kind: row.kind,
    bytes: row.bytes,
    sha256: toHex(row.sha256),
    revision: row.revision,
    file_version: row.fileVersion,
    storage_key: row.storageKey,
    status: row.status,
    job_id: row.jobId,
    page_count: row.pageCount,
    progress: { done: row.pagesDone, total: row.pageCount },
    failure: row.failureCode && { code: row.failureCode, message: row.failureMessage ?? '' },
    extraction_ms: row.extractionMs,
    title: row.title,
    author: row.author,
    text_source: toTextSource(row),
    language: row.language,
    tags: row.tags,
    urls: {
      content: `${base}/content`,
      pages: `${base}/pages`,
      text: `${base}/text`,
      ndjson: `${base}/pages.ndjson`,
      events: `${base}/events`,
    },
    version: row.version,
    trashed_at: row.trashedAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  }
}

type SourceColumns = Pick<DocumentRow, 'textChoice' | 'textReason'>

export const toTextSource = ({ textChoice, textReason }: SourceColumns) =>
  textChoice && textReason ? { choice: textChoice, reason: textReason } : null

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
