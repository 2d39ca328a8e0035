import { appendAudit } from '../../domain/audit/append.ts'
import { type AuditFilter, readAuditRows } from '../../domain/audit/listing.ts'
import { readHead } from '../../domain/audit/verify.ts'
import { identityOf } from '../_shared/http/call.ts'
import type { Handler } from '../_shared/http/route.ts'
import { streamed } from '../_shared/http/streamed.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import { toAuditRow, toFilter } from './representation.ts'

const headers = {
  'Content-Type': 'application/x-ndjson',
  'Content-Disposition': 'attachment; filename="audit.ndjson"',
}

export const exportHandler =
  ({ db, now }: Deps): Handler<typeof contract.exportAudit> =>
  async (c, { query }) => {
    if (c.request.method === 'HEAD') return new Response(null, { headers })
    const { tenantId, userId, keyId } = identityOf(c.identity)
    await db.transaction((tx) =>
      appendAudit(tx, {
        ...{ tenantId, action: 'audit.exported', actor: { userId, keyId } },
        // The log of a tenant is the tenant's; it has no id of its own.
        ...{ subjectType: 'audit', subjectId: tenantId, requestId: c.requestId, at: now() },
        detail: query,
      }),
    )
    const lastSeq = (await readHead(db, tenantId))?.seq ?? 0
    return streamed(c, headers, () => lines(db, toFilter(tenantId, query), lastSeq))
  }

async function* lines(db: Deps['db'], filter: AuditFilter, lastSeq: number) {
  for await (const rows of readAuditRows(db, filter, lastSeq))
    if (rows.length > 0) yield rows.map((row) => `${JSON.stringify(toAuditRow(row))}\n`).join('')
}
