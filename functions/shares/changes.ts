import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import { appendAudit } from '../../domain/audit/append.ts'
import { newToken } from '../_shared/access/link-tokens.ts'
import { type Call, identityOf, requireVersion } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import * as contract from './contract.ts'
import {
  deleteShare,
  findShare,
  findSharedDocument,
  insertShare,
  type ShareRow,
} from './queries.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** A link never changes: it has one version. */
export const shareVersion = 1

export const createHandler =
  ({ now }: Deps): Handler<typeof contract.createShare> =>
  async (c, { json }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const [id, createdAt] = [uuidv7(), now()]
    const expiresAt = endOf(json, createdAt)
    const { text, secretSha256 } = await newToken(tenantId, id)
    const { document_id: documentId, allow_download: allowDownload } = json
    const row = { tenantId, id, documentId, userId, secretSha256, allowDownload, expiresAt }
    return c.write(async (tx) => {
      await requireShareable(tx, tenantId, documentId)
      const share = await insertShare(tx, { ...row, createdAt })
      await record(tx, c, { action: 'share.created', share, at: createdAt })
      const headers = { Location: `/v1/shares/${id}` }
      return reply(201, contract.toNewShare(share, text), { headers, version: shareVersion })
    })
  }

export const revokeHandler =
  ({ now }: Deps): Handler<typeof contract.revokeShare> =>
  (c, { param: { id } }) =>
    c.write(async (tx) => {
      if (!(await findShare(tx, c.tenantId, id))) throw missing()
      requireVersion(c, shareVersion)
      const share = await deleteShare(tx, c.tenantId, id)
      if (!share) throw missing()
      await record(tx, c, { action: 'share.revoked', share, at: now() })
      return reply(204, null)
    })

const invalid = (pointer: string, code: string, detail: string): AppError =>
  new AppError('invalid', `body ${pointer}: ${detail}`, {
    errors: [{ in: 'body', pointer, code, detail }],
  })

type Lifetime = { expires_at?: string | undefined; expires_in_seconds?: number | undefined }

function endOf({ expires_at: at, expires_in_seconds: seconds }: Lifetime, now: Date): Date {
  const { min, max } = contract.lifetimeSeconds
  if (at === undefined)
    return new Date(now.getTime() + (seconds ?? contract.lifetimeSeconds.default) * 1000)
  const lasts = (new Date(at).getTime() - now.getTime()) / 1000
  if (lasts >= min && lasts <= max) return new Date(at)
  throw invalid('/expires_at', 'out_of_bounds', 'Must be between a minute and 366 days from now.')
}

async function requireShareable(tx: Tx, tenantId: string, documentId: string): Promise<void> {
  const document = await findSharedDocument(tx, tenantId, documentId)
  if (!document) throw invalid('/document_id', 'unknown_document', 'There is no such document.')
  if (document.trashedAt !== null)
    throw new AppError('conflict', 'The document is in the trash.', {
      hint: 'Restore it first: POST /v1/documents/{id}/restore.',
    })
}

type Recorded = { action: string; share: ShareRow; at: Date }

async function record(tx: Tx, c: Call, { action, share, at }: Recorded): Promise<void> {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  const { id, documentId, allowDownload, expiresAt } = share
  const detail = {
    document_id: documentId,
    allow_download: allowDownload,
    expires_at: expiresAt.toISOString(),
  }
  const subject = { subjectType: 'share', subjectId: id, actor: { userId, keyId } }
  await appendAudit(tx, { ...subject, tenantId, action, requestId: c.requestId, detail, at })
}
