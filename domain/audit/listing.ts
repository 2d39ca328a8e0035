import { and, asc, desc, eq, gt, gte, lt, lte, type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { auditLog } from '../../db/schema/index.ts'

export type AuditRecord = typeof auditLog.$inferSelect

export type AuditFilter = {
  tenantId: string
  /** With a dot at its end: all actions that begin so. */
  action?: string | undefined
  actorUserId?: string | undefined
  actorKeyId?: string | undefined
  subjectType?: string | undefined
  subjectId?: string | undefined
  requestId?: string | undefined
  from?: Date | undefined
  to?: Date | undefined
}

const action = sql`${auditLog.action} collate "C"`

/** All that a filter says but the action. */
function within(filter: AuditFilter): SQL | undefined {
  const { actorUserId, actorKeyId, subjectType, subjectId, requestId, from, to } = filter
  return and(
    eq(auditLog.tenantId, filter.tenantId),
    actorUserId === undefined ? undefined : eq(auditLog.actorUserId, actorUserId),
    actorKeyId === undefined ? undefined : eq(auditLog.actorKeyId, actorKeyId),
    subjectType === undefined ? undefined : eq(auditLog.subjectType, subjectType),
    subjectId === undefined ? undefined : eq(auditLog.subjectId, subjectId),
    requestId === undefined ? undefined : eq(auditLog.requestId, requestId),
    from === undefined ? undefined : gte(auditLog.createdAt, from),
    to === undefined ? undefined : lt(auditLog.createdAt, to),
  )
}

/** Place in a list: time and number of the last row that was shown. */
export type AuditPlace = readonly [at: string, seq: number]

type AuditList = { filter: AuditFilter; before: AuditPlace | null; limit: number }

/** Newest first. */
export async function listAuditRows(db: Db, list: AuditList): Promise<AuditRecord[]> {
  const { filter } = list
  if (filter.action === undefined) return newest(db, list, undefined)
  const actions = await actionsOf(db, filter.tenantId, filter.action)
  // A list for each action, as its index has it: together they would have to be sorted, however many they are.
  const lists = await Promise.all(actions.map((name) => newest(db, list, sql`${action} = ${name}`)))
  return lists.flat().sort(byPlace).slice(0, list.limit)
}

const byPlace = (a: AuditRecord, b: AuditRecord): number =>
  b.createdAt.getTime() - a.createdAt.getTime() || b.seq - a.seq

function newest(db: Db, { filter, before, limit }: AuditList, more: SQL | undefined) {
  const place = before && sql`(${before[0]}::timestamptz, ${before[1]}::bigint)`
  return db
    .select()
    .from(auditLog)
    .where(
      and(
        within(filter),
        more,
        place ? sql`(${auditLog.createdAt}, ${auditLog.seq}) < ${place}` : undefined,
      ),
    )
    .orderBy(desc(auditLog.createdAt), desc(auditLog.seq))
    .limit(limit)
}

/** The actions that a tenant's chain has, of those that a filter names: each is one look into the index. */
async function actionsOf(db: Db, tenantId: string, wanted: string): Promise<string[]> {
  if (!wanted.endsWith('.')) return [wanted]
  const next = (after: SQL) => sql`select ${action} as name from ${auditLog}
    where ${auditLog.tenantId} = ${tenantId} and ${after} order by ${action} limit 1`
  const rows = await db.execute<{ name: string }>(sql`
    with recursive found as (
      (${next(sql`${action} >= ${wanted}`)})
      union all
      select (${next(sql`${action} > found.name`)}) from found where starts_with(found.name, ${wanted})
    )
    select name from found where starts_with(name, ${wanted})`)
  return rows.map(({ name }) => name)
}

// Numbers, not rows: a filter that few rows pass does not make one statement read all of a chain.
const windowRows = 5_000

/** Rows in the order of the chain, up to a number, some thousands at a time. */
export async function* readAuditRows(
  db: Db,
  filter: AuditFilter,
  lastSeq: number,
): AsyncGenerator<AuditRecord[]> {
  const { action: wanted } = filter
  const named =
    wanted === undefined
      ? undefined
      : wanted.endsWith('.')
        ? sql`starts_with(${auditLog.action}, ${wanted})`
        : eq(auditLog.action, wanted)
  for (let seq = 0; seq < lastSeq; seq += windowRows) {
    const end = Math.min(seq + windowRows, lastSeq)
    const window = and(gt(auditLog.seq, seq), lte(auditLog.seq, end))
    yield await db
      .select()
      .from(auditLog)
      .where(and(within(filter), named, window))
      .orderBy(asc(auditLog.seq))
  }
}
