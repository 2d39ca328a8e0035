import { and, eq, isNull } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { blobs, documents, messageAttachments } from '../../db/schema/index.ts'
import type { Handler } from '../_shared/http/route.ts'
import { fileResponse, type StoredFile } from '../_shared/http/stored-file.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type { getAttachment } from './contract-reading.ts'
import { findSeen } from './queries.ts'
import { missing, readerOf } from './refusals.ts'

type Shown = { tenantId: string; messageId: string; documentId: string }

/** The file of a document that a message shows; `null`: it does not, or the document is deleted or in the trash. */
async function findShownFile(db: Db, shown: Shown): Promise<StoredFile | null> {
  const { tenantId, messageId, documentId } = shown
  const { filename, mediaType, sha256 } = documents
  const [row] = await db
    .select({ storageKey: blobs.storageKey, sha256, bytes: blobs.bytes, filename, mediaType })
    .from(messageAttachments)
    .innerJoin(
      documents,
      and(
        eq(documents.tenantId, tenantId),
        eq(documents.id, messageAttachments.documentId),
        isNull(documents.trashedAt),
      ),
    )
    .innerJoin(blobs, and(eq(blobs.tenantId, tenantId), eq(blobs.sha256, documents.sha256)))
    .where(
      and(
        eq(messageAttachments.tenantId, tenantId),
        eq(messageAttachments.messageId, messageId),
        eq(messageAttachments.documentId, documentId),
      ),
    )
  return row ?? null
}

export const attachmentHandler =
  ({ db, storage }: Deps): Handler<typeof getAttachment> =>
  async (c, { param: { id, document_id: documentId } }) => {
    const reader = readerOf(c)
    if (!(await findSeen(db, reader, id))) throw missing()
    const file = await findShownFile(db, { tenantId: reader.tenantId, messageId: id, documentId })
    if (!file) throw missing()
    return fileResponse(c.request, storage, file)
  }
