import { and, asc, eq, getTableColumns, gt, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { auditLog } from '../../db/schema/index.ts'
import { auditHash, chainStart } from './canonical.ts'

/** `fault` names the first row that is not what was written, or that a missing row should precede. */
export type AuditVerdict = {
  rows: number
  fault: { seq: number; id: string; reason: 'altered' | 'row missing before' } | null
}

// One page in memory at a time, whatever the length of the chain.
const pageRows = 1_000

/** Walks a tenant's chain from its start. Rows cut off at the end leave no trace in a chain. */
export async function verifyAudit(db: Db, tenantId: string): Promise<AuditVerdict> {
  let previous: { seq: number; hash: Uint8Array } = { seq: 0, hash: chainStart }
  for (;;) {
    const page = await readPage(db, tenantId, previous.seq)
    for (const { prevHash, hash, ...row } of page) {
      const at = { seq: row.seq, id: row.id }
      if (row.seq !== previous.seq + 1)
        return { rows: previous.seq, fault: { ...at, reason: 'row missing before' } }
      const isLinked = isEqual(prevHash, previous.hash)
      if (!isLinked || !isEqual(hash, await auditHash(prevHash, row)))
        return { rows: previous.seq, fault: { ...at, reason: 'altered' } }
      previous = { seq: row.seq, hash }
    }
    if (page.length < pageRows) return { rows: previous.seq, fault: null }
  }
}

const microseconds = sql<string>`to_char(${auditLog.createdAt} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`

const readPage = (db: Db, tenantId: string, afterSeq: number) =>
  db
    .select({ ...getTableColumns(auditLog), createdAt: microseconds })
    .from(auditLog)
    .where(and(eq(auditLog.tenantId, tenantId), gt(auditLog.seq, afterSeq)))
    .orderBy(asc(auditLog.seq))
    .limit(pageRows)

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])
