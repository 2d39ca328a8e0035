import { appendAudit } from '../../domain/audit/append.ts'
import { moveDocument } from '../../domain/documents/trash.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import type { Handler } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { documentReply, lockInVersion } from './changes.ts'
import type * as routes from './trash-routes.ts'

export const trashHandler =
  (deps: Deps): Handler<typeof routes.trashDocument> =>
  (c, { param: { id } }) =>
    move(deps, c, { id, isTrashed: true })

export const restoreHandler =
  (deps: Deps): Handler<typeof routes.restoreDocument> =>
  (c, { param: { id } }) =>
    move(deps, c, { id, isTrashed: false })

function move({ now }: Deps, c: Call, { id, isTrashed }: { id: string; isTrashed: boolean }) {
  const { tenantId, userId, keyId } = identityOf(c.identity)
  return c.write(async (tx) => {
    await lockInVersion(tx, c, id)
    const isMoved = await moveDocument(tx, { tenantId, id, isTrashed, at: now() })
    const answer = await documentReply(tx, c, id, 200)
    const action = isTrashed ? 'document.trashed' : 'document.restored'
    const subject = { subjectType: 'document', subjectId: id, actor: { userId, keyId } }
    const at = now()
    if (isMoved) await appendAudit(tx, { ...subject, tenantId, action, requestId: c.requestId, at })
    return answer
  })
}
