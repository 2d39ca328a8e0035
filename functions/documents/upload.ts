import { seal } from '../_shared/access/seal.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { toDocument } from './contract.ts'
import { type DuplicatePolicy, type Filed, fileUpload } from './filing.ts'
import { findDocument } from './queries.ts'
import type { uploadDocuments } from './routes.ts'
import {
  discard,
  fingerprintOf,
  requestFiles,
  type StoredFile,
  settle,
  storeFile,
} from './storing.ts'
import { type FormFields, headerText } from './upload-body.ts'

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
  const unused = files.filter((_, index) => filed[index]?.usesStored === false)
  await settle(deps, c, { unused, hasWork: filed.some(({ outcome }) => outcome !== 'linked') })
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
