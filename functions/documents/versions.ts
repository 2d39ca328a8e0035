import { uuidv7 } from 'uuidv7'
import * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { lockRunAndBytes, type NewFile, replaceFile } from '../../domain/documents/versions.ts'
import { cancelJob } from '../../domain/jobs/queue.ts'
import { equalBytes } from '../_shared/access/keys.ts'
import { seal } from '../_shared/access/seal.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import { fileResponse } from '../_shared/http/stored-file.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing, type ReadVisible, refuseTrashed } from './access.ts'
import { forgetResults } from './cached-result.ts'
import { documentReply, openDocument, wakeWorkers } from './changes.ts'
import { holdBlob } from './filing.ts'
import type { DocumentRow } from './queries.ts'
import {
  discard,
  fingerprintOf,
  requestFiles,
  type StoredFile,
  settle,
  storeFile,
} from './storing.ts'
import { headerText } from './upload-body.ts'
import { findVersion, findVersionFile, listVersionRows } from './version-queries.ts'
import {
  type addVersion,
  type getVersionContent,
  type listVersions,
  type restoreVersion,
  toVersion,
} from './version-routes.ts'

type Reads = { deps: Deps; readVisible: ReadVisible }

/** Stores the one file of the request, then makes it the document's in one transaction; on failure nothing stays. */
export const addVersionHandler =
  ({ deps, readVisible }: Reads): Handler<typeof addVersion> =>
  async (c, { param: { id }, query, header }) => {
    const before = await readVisible(c, id)
    // Before a byte is read; asked again when the document is locked.
    // A repeat gets the first reply, whatever came since.
    if (!c.isRepeat) {
      requireVersion(c, before.version)
      refuseTrashed(before)
    }
    const files: VersionFile[] = []
    try {
      const given = header['x-document-password']
      const fields = { password: given === undefined ? null : headerText(given) }
      const filename = query.filename ?? null
      for await (const file of requestFiles(deps, c, { fields, filename })) {
        if (files.length > 0) throw moreThanOne()
        const named = { ...file, filename: file.filename ?? before.filename }
        const stored = await storeFile(deps, c.tenantId, named)
        files.push({ ...stored, bringsName: file.filename !== null })
      }
      if (c.signal.aborted) throw new AppError('unavailable', 'The upload was given up.')
      const { password } = fields
      const passwordSealed = password === null ? null : await seal(deps.config.secret, password)
      return await fileVersion(deps, c, { before, files, passwordSealed })
    } catch (err) {
      await discard(deps, c, { files, err })
      throw err
    }
  }

const moreThanOne = (): AppError =>
  new AppError('invalid', 'body /file: A version is one file.', {
    errors: [{ in: 'body', pointer: '/file', code: 'too_many', detail: 'A version is one file.' }],
  })

type VersionFile = StoredFile & { bringsName: boolean }
type Filing = { before: DocumentRow; files: VersionFile[]; passwordSealed: Uint8Array | null }

async function fileVersion(deps: Deps, c: Call, { before, files, passwordSealed }: Filing) {
  const [file] = files
  if (!file) throw new Error('a body without a file was let through')
  const { stored, filename, bringsName, ...rest } = file
  // A repeat is the same request also when the document has been renamed since.
  const compared = { ...file, filename: bringsName ? filename : '' }
  const { tenantId } = c
  let isUsed = false
  const answer = await c.write(
    async (tx) => {
      const target = { tenantId, documentId: before.id }
      if (!(await lockRunAndBytes(tx, target, [stored.sha256]))) throw missing()
      isUsed = (await holdBlob(tx, { tenantId, stored })) === stored.storageKey
      const row = await openDocument(tx, c, before.id)
      // A name that the file did not bring is the document's, also when that changed while the file came in.
      const name = bringsName ? filename : row.filename
      const next = { ...rest, sha256: stored.sha256, filename: name, passwordSealed }
      return replaceUnlessSame(tx, deps, { c, row, next })
    },
    { fingerprint: await fingerprintOf(c.url, [compared]) },
  )
  const hasWork = answer.status === 202
  await settle(deps, c, { unused: isUsed ? [] : files, hasWork })
  if (hasWork) await forgetResults(deps.redis.cache, { tenantId, ...before })
  return answer
}

type Replacing = { c: Call; row: Awaited<ReturnType<typeof openDocument>>; next: NewFile }

/** @returns 202 with the document and its new file, or 200 when it has these bytes already */
async function replaceUnlessSame(tx: Tx, { now }: Deps, { c, row, next }: Replacing) {
  const { tenantId, userId } = identityOf(c.identity)
  const { id: documentId } = row
  if (equalBytes(next.sha256, row.sha256)) return documentReply(tx, c, documentId, 200)
  // First, while the document is still the old run's: its end must not end what the new one begins.
  await cancelJob(tx, { tenantId, id: row.jobId })
  const by = { userId, requestId: c.requestId, at: now() }
  await replaceFile(tx, { tenantId, documentId, jobId: uuidv7(), file: next, ...by })
  return documentReply(tx, c, documentId, 202)
}

export const restoreVersionHandler =
  ({ deps, readVisible }: Reads): Handler<typeof restoreVersion> =>
  async (c, { param: { id, number } }) => {
    const { tenantId } = c
    const before = await readVisible(c, id)
    const answer = await c.write(async (tx) => {
      const next = await findVersion(tx, { tenantId, documentId: id, number })
      const others = next ? [next.sha256] : []
      if (!(await lockRunAndBytes(tx, { tenantId, documentId: id }, others))) throw missing()
      const row = await openDocument(tx, c, id)
      if (number === row.fileVersion) return documentReply(tx, c, id, 200)
      if (!next) throw new AppError('not_found', 'The document has no such version.')
      return replaceUnlessSame(tx, deps, { c, row, next })
    })
    if (answer.status === 202) {
      wakeWorkers(deps, c, 'queued')
      await forgetResults(deps.redis.cache, { tenantId, ...before })
    }
    return answer
  }

export const listVersionsHandler =
  ({ deps, readVisible }: Reads): Handler<typeof listVersions> =>
  async (c, { param: { id }, query: { cursor, limit } }) => {
    const { tenantId, url, cursors } = c
    const document = await readVisible(c, id)
    const scope = JSON.stringify([tenantId, 'listDocumentVersions', id])
    const [before] = cursor ? await cursors.read(scope, cursor, z.tuple([z.int()])) : [null]
    const of = { tenantId, document, before, limit: limit + 1 }
    const rows = await listVersionRows(deps.db, of)
    const position = ({ number }: { number: number }) => [number]
    const page = await toPage({ cursors, scope, url }, { rows, limit, position, item: toVersion })
    return reply(200, page.body, { headers: page.headers })
  }

export const versionContentHandler =
  ({ deps, readVisible }: Reads): Handler<typeof getVersionContent> =>
  async (c, { param: { id, number } }) => {
    const document = await readVisible(c, id)
    const file = await findVersionFile(deps.db, { tenantId: c.tenantId, document, number })
    if (!file) throw missing()
    return fileResponse(c.request, deps.storage, file)
  }
