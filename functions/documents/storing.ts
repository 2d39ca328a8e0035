import { databaseFault, isConnectFailure, isUnavailable } from '../../db/errors.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import type { Call } from '../_shared/http/call.ts'
import { refuseAnnouncedLength } from '../_shared/http/json-body.ts'
import { pacedBody } from '../_shared/http/paced-body.ts'
import { AppError } from '../_shared/http/problems.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { StoredObject } from '../_shared/ports/storage.ts'
import { toHex } from './contract.ts'
import { defaultFilename, safeFilename } from './filenames.ts'
import { isNamed, type Upload } from './filing.ts'
import { inspectedFile, kindOf } from './intake.ts'
import { type FormFields, type IncomingFile, incomingFiles, isMultipart } from './upload-body.ts'

// A multipart body may hold ten files of the largest size, and the headers around them.
const multipartFilesMax = 10
const multipartBytesExtra = 1024 * 1024

/** A file whose bytes are stored and that no row names yet. */
export type StoredFile = Pick<Upload, 'stored' | 'filename' | 'kind' | 'mediaType'>

type Named = { fields: FormFields; filename: string | null }

/** The files of a request, within the limits of an upload. Read each before asking for the next. */
export async function* requestFiles(
  { config, now }: Deps,
  { request, signal }: Call,
  named: Named,
) {
  const bytesMax = isMultipart(request.headers)
    ? config.uploadBytesMax * multipartFilesMax + multipartBytesExtra
    : config.uploadBytesMax
  refuseAnnouncedLength(request.headers, bytesMax)
  const source = request.body ?? new Blob([]).stream()
  const body = pacedBody(source, { bytesMax, caller: request.signal, signal, now })
  try {
    yield* incomingFiles({ request, body, filename: named.filename }, named.fields)
  } finally {
    // Refused before its end: nobody reads the rest.
    if (!body.locked) await body.cancel().catch(() => {})
  }
}

/** Stores one file while looking at it. @throws {AppError} `unsupported_media_type`, `payload_too_large`, `invalid` */
export async function storeFile(
  { storage, config }: Deps,
  tenantId: string,
  { filename, mediaType, body }: IncomingFile,
): Promise<StoredFile> {
  // Before a byte is stored: a bad name is known at once.
  const given =
    filename === null ? null : safeFilename(filename, { in: 'query', pointer: '/filename' })
  const inspected = inspectedFile(body)
  const stored = await storage
    .put(tenantId, inspected.body, config.uploadBytesMax)
    .catch(async (err: unknown) => {
      // A storage that failed before it read has left the body, and the clock that watches it, open.
      await inspected.body.cancel(err).catch(() => {})
      throw err
    })
  const found = kindOf(inspected.type(), { filename: given, mediaType })
  return { stored, ...found, filename: given ?? defaultFilename(found.mediaType) }
}

/** What makes two requests with one `Idempotency-Key` the same. */
export async function fingerprintOf(url: URL, files: StoredFile[]): Promise<Uint8Array> {
  const parts = files.map(({ stored, filename }) => `${toHex(stored.sha256)} ${filename}`)
  const text = [`${url.pathname}${url.search}`, ...parts].join('\n')
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

/**
 * Removes the objects that no row names, and calls workers to what has been queued. After the commit: a failure here
 * must not fail the upload. The worker looks by itself, and an unused object costs room.
 */
export async function settle(
  { storage, db }: Deps,
  c: Call,
  { unused, hasWork }: { unused: StoredFile[]; hasWork: boolean },
): Promise<void> {
  const work = unused.map(({ stored }) => storage.delete(stored.storageKey))
  if (hasWork) work.push(ringWorkers(db))
  for (const result of await Promise.allSettled(work))
    if (result.status === 'rejected') c.log.warn('after an upload', {}, result.reason)
}

/** Removes what a failed upload has stored, unless its rows were or may have been committed. */
export async function discard(
  deps: Deps,
  c: Call,
  { files, err }: { files: StoredFile[]; err: unknown },
) {
  for (const { stored } of files) {
    const fields = { storage_key: stored.storageKey }
    if (mayHaveCommitted(err)) {
      c.log.warn('an upload was cut off at its commit; its file stays', fields)
      continue
    }
    await discardOne(deps, c.tenantId, stored).catch((cause: unknown) =>
      c.log.warn('a file of a failed upload stays', fields, cause),
    )
  }
}

async function discardOne({ db, storage }: Deps, tenantId: string, stored: StoredObject) {
  const isKept = await isNamed(db, tenantId, stored).catch((err: unknown) => {
    // No transaction began while the database was away, so no row can name the file.
    if (isConnectFailure(err)) return false
    throw err
  })
  if (!isKept) await storage.delete(stored.storageKey)
}

const neverBegan = new Set(['POOL_WAIT', 'POOL_FULL'])

function mayHaveCommitted(err: unknown): boolean {
  if (err instanceof AppError || !isUnavailable(err) || isConnectFailure(err)) return false
  return !neverBegan.has(databaseFault(err)?.code ?? '')
}
