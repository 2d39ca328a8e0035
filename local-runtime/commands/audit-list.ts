import { defineCommand } from 'citty'
import { type AuditRecord, listAuditRows } from '../../domain/audit/listing.ts'
import { findOperatorTenant } from '../../domain/identity/tenants.ts'
import { printJson, printLines, withJobs } from './jobs-context.ts'
import { type Cell, tableLines } from './jobs-table.ts'
import { isColouredOutput, type Paint, painter, spanWords } from './jobs-words.ts'
import { printable } from './logs-follow.ts'

const shownMax = 1_000

export const auditListArgs = {
  action: { type: 'string' as const, description: 'Only this action, or all that begin so: key.' },
  subject: { type: 'string' as const, description: 'Only what was done to this id' },
  actor: { type: 'string' as const, description: 'Only what the user with this id did' },
  request: { type: 'string' as const, description: 'Only what this request did, by its id' },
  limit: {
    type: 'string' as const,
    default: '20',
    valueHint: `1..${shownMax}`,
    description: 'Rows at most',
  },
  tenant: { type: 'string' as const, description: "Name of a tenant (default: the operator's)" },
  json: { type: 'boolean' as const, description: 'For programs' },
}

export const list = defineCommand({
  meta: { name: 'list', description: 'Show what was done, the newest first' },
  args: auditListArgs,
  run: ({ args }) =>
    withJobs(args, async ({ db, tenantId: named, isJson }) => {
      const tenantId = named ?? (await findOperatorTenant(db))?.id
      if (tenantId === undefined) throw new Error('There is no tenant yet.')
      const { action, request: requestId, limit } = args
      const subjectId = idOf(args.subject, '--subject')
      const actorUserId = idOf(args.actor, '--actor')
      const filter = { tenantId, action, subjectId, actorUserId, requestId }
      const rows = await listAuditRows(db, { filter, before: null, limit: Number(limit) })
      if (isJson) return printJson({ items: rows.map(rowJson) })
      if (rows.length === 0) return console.log('There are no such rows in the audit log.')
      printLines(rowLines(rows, painter(isColouredOutput())))
    }),
})

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function idOf(text: string | undefined, flag: string): string | undefined {
  if (text === undefined || uuid.test(text)) return text
  throw new Error(`${flag} takes an id, and "${printable(text)}" is none.`)
}

const heads = ['SEQ', 'AGE', 'ACTION', 'SUBJECT', 'BY', 'DETAIL']

function rowLines(rows: readonly AuditRecord[], paint: Paint): string[] {
  const cells = rows.map((row): Cell[] => [
    { text: String(row.seq), isNumber: true },
    { text: spanWords(Date.now() - row.createdAt.getTime()), isNumber: true },
    { text: printable(row.action) },
    { text: row.subjectId },
    { text: row.actorUserId ?? 'the system' },
    { text: printable(JSON.stringify(row.detail)) },
  ])
  return tableLines(heads, cells, paint)
}

/** Names as the HTTP interface has them. */
const rowJson = (row: AuditRecord) => ({
  id: row.id,
  seq: row.seq,
  action: row.action,
  actor_user_id: row.actorUserId,
  actor_key_id: row.actorKeyId,
  subject_type: row.subjectType,
  subject_id: row.subjectId,
  request_id: row.requestId,
  detail: row.detail,
  created_at: row.createdAt.toISOString(),
})
