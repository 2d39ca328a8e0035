import { databaseFault, isConnectFailure, isUnavailable } from '../../db/errors.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import { seal } from '../_shared/access/seal.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { refuseAnnouncedLength } from '../_shared/http/json-body.ts'
import { pacedBody } from '../_shared/http/paced-body.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { StoredObject } from '../_shared/ports/storage.ts'
import { toDocument, toHex } from './contract.ts'
import { defaultFilename, safeFilename } from './filenames.ts'
import { type DuplicatePolicy, type Filed, fileUpload, isNamed, type Upload } from './filing.ts'
import { inspectedFile, kindOf, mediaTypes } from './intake.ts'
import { findDocument } from './queries.ts'
import type { uploadDocuments } from './routes.ts'
import {
  type FormFields,
  headerText,
  type IncomingFile,
  incomingFiles,
  isMultipart,
} from './upload-body.ts'

// A multipart body may hold ten files of the largest size, and the headers around them.
const multipartFilesMax = 10
const multipartBytesExtra = 1024 * 1024

type StoredFile = Pick<Upload, 'stored' | 'filename' | 'kind' | 'mediaType'>

/** Stores what comes in while hashing it, then files all of it in one transaction; on failure nothing stays. */
export const uploadHandler =
  (deps: Deps): Handler<typeof uploadDocuments> =>
  async (c, { query, header }) => {
    const files: StoredFile[] = []
    try {
      const given = header['x-document-password']
      const fields: FormFields = { password: given === undefined ? null : headerText(given) }
      for await (const file of requestFiles(deps, c, { fields, filename: query.filename ?? null }))
        files.push(await storeFile(deps, c.tenantId, file))
      if (c.signal.aborted) throw new AppError('unavailable', 'The upload was given up.')
      const policy = query.duplicate ?? deps.config.duplicatePolicy
      return await fileAll(deps, c, { files, policy, password: fields.password })
    } catch (err) {
      await discard(deps, c, { files, err })
      throw err
    }
  }

type Named = { fields: FormFields; filename: string | null }

async function* requestFiles({ config, now }: Deps, { request, signal }: Call, named: Named) {
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

async function storeFile(
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
  const kind = kindOf(inspected.kind(), { filename: given, mediaType })
  return { stored, kind, mediaType: mediaTypes[kind], filename: given ?? defaultFilename(kind) }
}

type Filing = { files: StoredFile[]; policy: DuplicatePolicy; password: string | null }

async function fileAll(deps: Deps, c: Call, { files, policy, password }: Filing) {
  const { tenantId, userId, role } = identityOf(c.identity)
  const shared = {
    tenantId,
    userId,
    policy,
    ofUserAlone: role === 'ingest',
    requestId: c.requestId,
    passwordSealed: password === null ? null : await seal(deps.config.secret, password),
    at: deps.now(),
  }
  let filed: Filed[] = []
  const answer = await c.write(
    async (tx) => {
      filed = []
      const receipts = []
      for (const file of files) {
        const one = await fileUpload(tx, { ...shared, ...file })
        const row = await findDocument(tx, tenantId, one.documentId)
        if (!row) throw new Error('a document that was just filed is not there')
        filed.push(one)
        receipts.push({ ...toDocument(row), duplicate: one.outcome !== 'created' })
      }
      return receiptReply(
        receipts,
        filed.every(({ outcome }) => outcome === 'linked'),
      )
    },
    { fingerprint: await fingerprintOf(c.url, files) },
  )
  await settle(deps, c, { files, filed })
  return answer
}

type Receipt = ReturnType<typeof toDocument> & { duplicate: boolean }

function receiptReply(receipts: Receipt[], isAllLinked: boolean) {
  const [only] = receipts
  const isSingle = only !== undefined && receipts.length === 1
  const body = isSingle ? only : { items: receipts }
  const options = isSingle
    ? { headers: { Location: `/v1/documents/${only.id}` }, version: only.version }
    : {}
  return isAllLinked ? reply(200, body, options) : reply(202, body, options)
}

async function fingerprintOf(url: URL, files: StoredFile[]): Promise<Uint8Array> {
  const parts = files.map(({ stored, filename }) => `${toHex(stored.sha256)} ${filename}`)
  const text = [`${url.pathname}${url.search}`, ...parts].join('\n')
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}

// After the commit. A failure here must not fail the upload: the worker looks by itself, an unused object costs room.
async function settle(
  deps: Deps,
  c: Call,
  { files, filed }: { files: StoredFile[]; filed: Filed[] },
) {
  const unused = files.filter((_, index) => filed[index]?.usesStored === false)
  const work = unused.map(({ stored }) => deps.storage.delete(stored.storageKey))
  if (filed.some(({ outcome }) => outcome !== 'linked')) work.push(ringWorkers(deps.db))
  for (const result of await Promise.allSettled(work))
    if (result.status === 'rejected') c.log.warn('after an upload', {}, result.reason)
}

/** Removes what a failed upload has stored, unless its rows were or may have been committed. */
async function discard(deps: Deps, c: Call, { files, err }: { files: StoredFile[]; err: unknown }) {
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
