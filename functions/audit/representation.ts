import type * as z from 'zod'
import type { AuditFilter, AuditRecord } from '../../domain/audit/listing.ts'
import type { AuditFault as Fault } from '../../domain/audit/verify.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { AuditQuery, AuditRow, AuditVerification } from './contract.ts'

export const toAuditRow = (row: AuditRecord): z.input<typeof AuditRow> => ({
  id: row.id,
  seq: row.seq,
  action: row.action,
  actor_user_id: row.actorUserId,
  actor_key_id: row.actorKeyId,
  subject_type: row.subjectType,
  subject_id: row.subjectId,
  request_id: row.requestId,
  detail: row.detail,
  prev_hash: toHex(row.prevHash),
  hash: toHex(row.hash),
  created_at: row.createdAt.toISOString(),
})

export const toFilter = (tenantId: string, query: AuditQuery): AuditFilter => ({
  tenantId,
  action: query.action,
  actorUserId: query.actor_user_id,
  actorKeyId: query.actor_key_id,
  subjectType: query.subject_type,
  subjectId: query.subject_id,
  requestId: query.request_id,
  from: query.from === undefined ? undefined : new Date(query.from),
  to: query.to === undefined ? undefined : new Date(query.to),
})

type AuditFault = z.input<typeof AuditVerification>['faults'][number]

export function toFault(fault: Fault): AuditFault {
  const { reason, seq } = fault
  if (fault.reason === 'missing')
    return { reason, seq, until_seq: fault.untilSeq, id: null, action: null, at: null }
  return { reason, seq, until_seq: null, id: fault.id, action: fault.action, at: fault.at }
}
