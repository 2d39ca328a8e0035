import type { auditLog } from '../../db/schema/index.ts'

export type AuditContent = Omit<typeof auditLog.$inferSelect, 'prevHash' | 'hash' | 'createdAt'> & {
  /** RFC 3339 UTC with microseconds, which is all that the column can hold. */
  createdAt: string
}

/** What the first row of a tenant's chain follows. */
export const chainStart = new Uint8Array(32)

/** JSON with the keys of every object in order: jsonb keeps none. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, ordered(item)]))
}

const encoder = new TextEncoder()

/** SHA-256(`prevHash` || canonical row): a list, so that no two rows can be written as the same text. */
export async function auditHash(prevHash: Uint8Array, row: AuditContent): Promise<Uint8Array> {
  const canonical = JSON.stringify([
    ...[row.tenantId, row.id, row.seq, row.action, row.actorUserId, row.actorKeyId],
    ...[row.subjectType, row.subjectId, row.requestId, ordered(row.detail), row.createdAt],
  ])
  const text = encoder.encode(canonical)
  const data = new Uint8Array(prevHash.length + text.length)
  data.set(prevHash)
  data.set(text, prevHash.length)
  return new Uint8Array(await crypto.subtle.digest('SHA-256', data))
}
