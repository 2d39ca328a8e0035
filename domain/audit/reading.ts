import { and, asc, eq, getTableColumns, gt, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { auditLog } from '../../db/schema/index.ts'
import type { AuditContent } from './canonical.ts'

/** A row as it lies there, down to what no `Date` and no `number` could tell apart. */
export type ChainRow = Omit<AuditContent, 'detail'> & {
  /** The JSON as the server writes it. */
  detail: string
  prevHash: Uint8Array
  hash: Uint8Array
}

// A year before Christ would be written like the one after.
const microseconds = sql<string>`coalesce(to_char(${auditLog.createdAt} at time zone 'UTC',
  'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'infinite') ||
  case when ${auditLog.createdAt} < '0001-01-01T00:00:00Z' then ' BC' else '' end`

/** Rows of a chain in its order. @param afterSeq `null`: from its start, which numbers below 1 would come before */
export const readChain = (
  db: Db | Tx,
  { tenantId, afterSeq, limit }: { tenantId: string; afterSeq: number | null; limit: number },
): Promise<ChainRow[]> =>
  db
    .select({
      ...getTableColumns(auditLog),
      createdAt: microseconds,
      detail: sql<string>`${auditLog.detail}::text`,
    })
    .from(auditLog)
    .where(
      and(
        eq(auditLog.tenantId, tenantId),
        afterSeq === null ? undefined : gt(auditLog.seq, afterSeq),
      ),
    )
    .orderBy(asc(auditLog.seq))
    .limit(limit)

/**
 * The value that a text of jsonb stands for; a number that JavaScript would round is kept as its text, in a form that no
 * entry ever had, so that a digit changed far behind the point is a change.
 */
export const exactJson = (text: string): unknown => JSON.parse(text, exactNumber)

function exactNumber(_key: string, value: unknown, context?: { source?: string }) {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return context.source === plainDecimal(value) ? value : { inexact: context.source }
}

/** As the server writes a number: without an exponent. */
function plainDecimal(value: number): string {
  const [digits = '', exponent] = String(value).split('e')
  if (exponent === undefined) return digits
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(digits) ?? []
  const places = Number(exponent)
  const all = whole + fraction
  if (places >= 0) return sign + all.padEnd(whole.length + places, '0')
  return `${sign}0.${'0'.repeat(-places - whole.length)}${all}`
}
