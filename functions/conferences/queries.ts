import { and, asc, desc, eq, isNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { conferenceChanges } from '../../db/schema/conference-changes.ts'
import type { DeadlineFilter } from '../../db/schema/conference-subscriptions.ts'
import {
  conferenceDeadlines,
  conferenceEditions,
  conferenceHeads,
  conferenceRounds,
  conferenceSeries,
} from '../../db/schema/conferences.ts'
import { isAmong, seriesColumns } from '../../domain/conferences/loading.ts'
import { nameKeyOf } from '../../domain/conferences/source.ts'

const deadlines = conferenceDeadlines
const series = conferenceSeries
const editions = conferenceEditions
const rounds = conferenceRounds

/** The version of all of a tenant's conferences together; 0 before the first. */
export async function conferencesVersion(db: Db, tenantId: string): Promise<number> {
  const [row] = await db
    .select({ version: conferenceHeads.version })
    .from(conferenceHeads)
    .where(eq(conferenceHeads.tenantId, tenantId))
  return row?.version ?? 0
}

export async function deleteSeries(tx: Tx, tenantId: string, id: string): Promise<void> {
  await tx.delete(series).where(and(eq(series.tenantId, tenantId), eq(series.id, id)))
}

/** Which series; the same for lists of them and of their deadlines. */
export function seriesMatches({ sub, ccf, core, thcpl, q, series_id: id }: DeadlineFilter): SQL[] {
  const wanted: SQL[] = []
  const lists = [
    [series.sub, sub],
    [series.rankCcf, ccf],
    [series.rankCore, core],
    [series.rankThcpl, thcpl],
  ] as const
  for (const [column, values] of lists)
    if (values) {
      const folded = values.map((value) => value.toLowerCase())
      wanted.push(isAmong(sql`lower(${column})`, folded))
    }
  if (id !== undefined) wanted.push(eq(series.id, id))
  if (q !== undefined) wanted.push(isNamed(q))
  return wanted
}

/** Names as imports compare them: `s & p` is a part of `IEEE S&P`. */
const isNamed = (q: string): SQL => sql`(
  position(${nameKeyOf(q)} in ${series.titleKey}) > 0
  or position(lower(${q}) in lower(${series.description})) > 0
  or exists (select 1 from conference_aliases a where a.tenant_id = ${series.tenantId}
    and a.series_id = ${series.id} and position(${nameKeyOf(q)} in a.name_key) > 0))`

type Window = { from: string | undefined; to: string | undefined }

export type ListSeries = Window & {
  tenantId: string
  filter: DeadlineFilter
  after: [titleKey: string, id: string] | null
  limit: number
}

/** In the order of their titles. */
export const listSeriesRows = (db: Db, { tenantId, filter, from, to, after, limit }: ListSeries) =>
  db
    .select(seriesColumns)
    .from(series)
    .where(
      and(
        eq(series.tenantId, tenantId),
        ...seriesMatches(filter),
        from !== undefined || to !== undefined || filter.kind
          ? isDue({ from, to }, filter)
          : undefined,
        after
          ? sql`(${series.titleKey}, ${series.id}) > (${after[0]}, ${after[1]}::uuid)`
          : undefined,
      ),
    )
    .orderBy(asc(series.titleKey), asc(series.id))
    .limit(limit)

/** Has it a known deadline of the kinds in the window? */
const isDue = ({ from, to }: Window, { kind }: DeadlineFilter): SQL => sql`exists (
  select 1 from conference_deadlines d
  where d.tenant_id = ${series.tenantId} and d.series_id = ${series.id} and not d.is_withdrawn and d.basis is null
    and d.at >= ${from ?? '-infinity'}::timestamptz and d.at <= ${to ?? 'infinity'}::timestamptz
    and (${kind === undefined} or d.kind in (select jsonb_array_elements_text(${JSON.stringify(kind ?? [])}::text::jsonb))))`

const roundCount = sql<number>`(select count(*)::int from conference_rounds x
  where x.tenant_id = ${editions.tenantId} and x.edition_id = ${editions.id} and not x.is_withdrawn)`

const shownDeadline = {
  id: deadlines.id,
  kind: deadlines.kind,
  at: deadlines.at,
  localText: deadlines.localText,
  zone: deadlines.zone,
  basis: deadlines.basis,
  sequence: deadlines.sequence,
  isWithdrawn: deadlines.isWithdrawn,
  updatedAt: deadlines.updatedAt,
  estimatedYear: deadlines.estimatedYear,
  estimatedRound: deadlines.estimatedRound,
  seriesId: series.id,
  title: series.title,
  description: series.description,
  sub: series.sub,
  rankCcf: series.rankCcf,
  rankCore: series.rankCore,
  rankThcpl: series.rankThcpl,
  editionId: editions.id,
  year: editions.year,
  link: editions.link,
  place: editions.place,
  dateText: editions.dateText,
  roundNumber: rounds.number,
  comment: rounds.comment,
  rounds: roundCount,
}

const shownDeadlines = (db: Db) =>
  db
    .select(shownDeadline)
    .from(deadlines)
    .innerJoin(
      series,
      and(eq(series.tenantId, deadlines.tenantId), eq(series.id, deadlines.seriesId)),
    )
    .leftJoin(
      rounds,
      and(eq(rounds.tenantId, deadlines.tenantId), eq(rounds.id, deadlines.roundId)),
    )
    .leftJoin(
      editions,
      and(eq(editions.tenantId, rounds.tenantId), eq(editions.id, rounds.editionId)),
    )

export type DeadlineRow = Awaited<ReturnType<typeof shownDeadlines>>[number]

const deadlineMatches = (tenantId: string, filter: DeadlineFilter): SQL[] => [
  eq(deadlines.tenantId, tenantId),
  ...(filter.series_id === undefined ? [] : [eq(deadlines.seriesId, filter.series_id)]),
  ...seriesMatches(filter),
  ...(filter.kind ? [isAmong(deadlines.kind, filter.kind)] : []),
  ...(filter.estimates === false ? [isNull(deadlines.basis)] : []),
]

/** Those of one series are found by it and then put in order: the index by time would give those of all. */
const timeOf = ({ series_id: id }: DeadlineFilter): SQL =>
  id === undefined ? sql`${deadlines.at}` : sql`(${deadlines.at} + interval '0')`

type ListDeadlines = {
  tenantId: string
  filter: DeadlineFilter
  from: Date
  to: string | undefined
  after: [at: string, id: string] | null
  limit: number
}

/** What is still to fall due, the next first; only what has an instant. */
export function listUpcoming(
  db: Db,
  { tenantId, filter, from, to, after, limit }: ListDeadlines,
): Promise<DeadlineRow[]> {
  const time = timeOf(filter)
  return shownDeadlines(db)
    .where(
      and(
        ...deadlineMatches(tenantId, filter),
        eq(deadlines.isWithdrawn, false),
        sql`${time} >= ${from.toISOString()}::timestamptz`,
        to === undefined ? undefined : sql`${time} <= ${to}::timestamptz`,
        after
          ? sql`(${time}, ${deadlines.id}) > (${after[0]}::timestamptz, ${after[1]}::uuid)`
          : undefined,
      ),
    )
    .orderBy(asc(time), asc(deadlines.id))
    .limit(limit)
}

/** The latest of them, withdrawn ones too, which a calendar shows as cancelled. */
export const listForCalendar = (
  db: Db,
  { tenantId, filter, limit }: { tenantId: string; filter: DeadlineFilter; limit: number },
): Promise<DeadlineRow[]> =>
  shownDeadlines(db)
    .where(and(...deadlineMatches(tenantId, filter), sql`${timeOf(filter)} is not null`))
    .orderBy(desc(timeOf(filter)), desc(deadlines.id))
    .limit(limit)

type ListChanges = {
  tenantId: string
  seriesId: string | undefined
  before: string | null
  limit: number
}

/** Newest first. */
export const listChangeRows = (db: Db, { tenantId, seriesId, before, limit }: ListChanges) =>
  db
    .select({
      id: conferenceChanges.id,
      seriesId: conferenceChanges.seriesId,
      editionId: conferenceChanges.editionId,
      deadlineId: conferenceChanges.deadlineId,
      kind: conferenceChanges.kind,
      field: conferenceChanges.field,
      oldValue: conferenceChanges.oldValue,
      newValue: conferenceChanges.newValue,
      sentence: conferenceChanges.sentence,
      version: conferenceChanges.version,
      at: conferenceChanges.at,
    })
    .from(conferenceChanges)
    .where(
      and(
        eq(conferenceChanges.tenantId, tenantId),
        seriesId === undefined ? undefined : eq(conferenceChanges.seriesId, seriesId),
        before === null ? undefined : lt(conferenceChanges.id, before),
      ),
    )
    .orderBy(desc(conferenceChanges.id))
    .limit(limit)

/** @returns `null`: there is no such conference */
export async function findSeriesTitle(
  db: Db | Tx,
  tenantId: string,
  id: string,
): Promise<string | null> {
  const [row] = await db
    .select({ title: series.title })
    .from(series)
    .where(and(eq(series.tenantId, tenantId), eq(series.id, id)))
  return row?.title ?? null
}
