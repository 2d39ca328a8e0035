import { and, asc, eq, getTableColumns, or, type SQL, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db, Tx } from '../../db/client.ts'
import {
  conferenceAliases,
  conferenceDeadlines,
  conferenceEditions,
  conferenceRounds,
  conferenceSeries,
  deadlineKinds,
} from '../../db/schema/conferences.ts'
import { inOrder } from './aliases.ts'
import { byNumber, byYear } from './edition-plan.ts'
import { nameKeyOf, type SourceSeries } from './source.ts'
import type {
  DeadlineState,
  EditionState,
  EstimateState,
  RoundState,
  SeriesState,
} from './state.ts'

/**
 * Is the column's text among these? One alone is compared with: of a list Postgres supposes ten, and then reads a table
 * that was small when it planned from end to end.
 */
export const isAmong = (column: PgColumn | SQL, values: readonly string[]): SQL =>
  values.length === 1
    ? sql`${column} = ${values[0]}`
    : sql`${column} = any(array(select jsonb_array_elements_text(${JSON.stringify(values)}::text::jsonb)))`

/** Is the column's id among these? As {@link isAmong}. */
export const isAmongIds = (column: PgColumn, ids: readonly string[]): SQL =>
  ids.length === 1
    ? sql`${column} = ${ids[0]}::uuid`
    : sql`${column} = any(${`{${ids.join(',')}}`}::uuid[])`

/** Every series that one of the sources may speak of, by title, other name or key in dblp. */
export async function findSeriesOf(
  db: Db | Tx,
  tenantId: string,
  sources: readonly SourceSeries[],
): Promise<SeriesState[]> {
  const names = [...new Set(sources.flatMap(({ title }) => [nameKeyOf(title)]))]
  const dblps = [...new Set(sources.flatMap(({ dblp }) => (dblp === '' ? [] : [dblp])))]
  const { tenantId: ofTenant, seriesId, nameKey } = conferenceAliases
  const named = await db
    .select({ id: seriesId })
    .from(conferenceAliases)
    .where(and(eq(ofTenant, tenantId), isAmong(nameKey, names)))
  const { id, titleKey, dblp } = conferenceSeries
  const titled = await db
    .select({ id })
    .from(conferenceSeries)
    .where(
      and(
        eq(conferenceSeries.tenantId, tenantId),
        or(isAmong(titleKey, names), isAmong(dblp, dblps)),
      ),
    )
  const ids = new Set([...named, ...titled].map((row) => row.id))
  return loadSeries(db, tenantId, [...ids])
}

const { searchText, search, ...columns } = getTableColumns(conferenceSeries)
/** All of a series that people are shown. */
export const seriesColumns = columns
export type SeriesRow = Omit<typeof conferenceSeries.$inferSelect, 'searchText' | 'search'>

/** Whole series with all that hangs on them, in the order of their titles. */
export async function loadSeries(
  db: Db | Tx,
  tenantId: string,
  ids: readonly string[],
): Promise<SeriesState[]> {
  if (ids.length === 0) return []
  const rows = await db
    .select(seriesColumns)
    .from(conferenceSeries)
    .where(and(eq(conferenceSeries.tenantId, tenantId), isAmongIds(conferenceSeries.id, ids)))
    .orderBy(asc(conferenceSeries.titleKey), asc(conferenceSeries.id))
  const aliases = Map.groupBy(await aliasRows(db, tenantId, ids), ({ seriesId }) => seriesId)
  const deadlines = await deadlineRows(db, tenantId, ids)
  const byRound = Map.groupBy(deadlines, ({ roundId }) => roundId ?? '')
  const estimates = Map.groupBy(byRound.get('') ?? [], ({ seriesId }) => seriesId)
  const rounds = Map.groupBy(await roundRows(db, tenantId, ids), ({ editionId }) => editionId)
  const editions = Map.groupBy(await editionRows(db, tenantId, ids), ({ seriesId }) => seriesId)
  return rows.map((row) => ({
    ...seriesFields(row),
    aliases: inOrder((aliases.get(row.id) ?? []).map(({ name, kind }) => ({ name, kind }))),
    editions: (editions.get(row.id) ?? [])
      .map((edition) => toEdition(edition, rounds.get(edition.id) ?? [], byRound))
      .toSorted(byYear),
    estimates: toEstimates(estimates.get(row.id) ?? []),
  }))
}

const aliasRows = (db: Db | Tx, tenantId: string, ids: readonly string[]) =>
  db
    .select()
    .from(conferenceAliases)
    .where(
      and(eq(conferenceAliases.tenantId, tenantId), isAmongIds(conferenceAliases.seriesId, ids)),
    )

const editionRows = (db: Db | Tx, tenantId: string, ids: readonly string[]) =>
  db
    .select()
    .from(conferenceEditions)
    .where(
      and(eq(conferenceEditions.tenantId, tenantId), isAmongIds(conferenceEditions.seriesId, ids)),
    )

const roundRows = (db: Db | Tx, tenantId: string, ids: readonly string[]) =>
  db
    .select({
      id: conferenceRounds.id,
      editionId: conferenceRounds.editionId,
      number: conferenceRounds.number,
      comment: conferenceRounds.comment,
      isWithdrawn: conferenceRounds.isWithdrawn,
    })
    .from(conferenceRounds)
    .innerJoin(
      conferenceEditions,
      and(
        eq(conferenceEditions.tenantId, conferenceRounds.tenantId),
        eq(conferenceEditions.id, conferenceRounds.editionId),
      ),
    )
    .where(
      and(eq(conferenceRounds.tenantId, tenantId), isAmongIds(conferenceEditions.seriesId, ids)),
    )

const deadlineRows = (db: Db | Tx, tenantId: string, ids: readonly string[]) =>
  db
    .select()
    .from(conferenceDeadlines)
    .where(
      and(
        eq(conferenceDeadlines.tenantId, tenantId),
        isAmongIds(conferenceDeadlines.seriesId, ids),
      ),
    )

type DeadlineRow = typeof conferenceDeadlines.$inferSelect
type RoundRow = Awaited<ReturnType<typeof roundRows>>[number]

const seriesFields = (row: SeriesRow) => ({
  id: row.id,
  title: row.title,
  description: row.description,
  sub: row.sub,
  rankCcf: row.rankCcf,
  rankCore: row.rankCore,
  rankThcpl: row.rankThcpl,
  dblp: row.dblp,
  version: row.version,
  createdAt: row.createdAt.toISOString(),
  updatedAt: row.updatedAt.toISOString(),
})

function toEdition(
  { id, key, year, link, place, ...row }: typeof conferenceEditions.$inferSelect,
  rounds: readonly RoundRow[],
  deadlines: ReadonlyMap<string, DeadlineRow[]>,
): EditionState {
  const { dateText, startsOn, endsOn, zone } = row
  return {
    ...{ id, key, year, link, place, dateText, startsOn, endsOn, zone },
    rounds: rounds.map((round) => toRound(round, deadlines.get(round.id) ?? [])).toSorted(byNumber),
  }
}

const toRound = (
  { id, number, comment, isWithdrawn }: RoundRow,
  deadlines: readonly DeadlineRow[],
): RoundState => ({
  ...{ id, number, comment, isWithdrawn },
  deadlines: deadlines.map(toDeadline).toSorted((a, b) => kindOrder(a) - kindOrder(b)),
})

const kindOrder = ({ kind }: Pick<DeadlineState, 'kind'>): number => deadlineKinds.indexOf(kind)

const toDeadline = (row: DeadlineRow): DeadlineState => ({
  ...{ id: row.id, kind: row.kind, localText: row.localText ?? '', zone: row.zone ?? '' },
  ...{ at: row.at?.toISOString() ?? null, sequence: row.sequence },
  ...{ isWithdrawn: row.isWithdrawn, updatedAt: row.updatedAt.toISOString() },
})

const toEstimates = (rows: readonly DeadlineRow[]): EstimateState[] =>
  rows
    .flatMap(({ id, kind, estimatedYear: year, estimatedRound: round, at, basis, ...row }) => {
      if (year === null || round === null || at === null || basis === null) return []
      const { sequence, updatedAt } = row
      const estimate = { id, kind, year, round, at: at.toISOString(), basis, sequence }
      return [{ ...estimate, updatedAt: updatedAt.toISOString() }]
    })
    .toSorted((a, b) => a.round - b.round || kindOrder(a) - kindOrder(b))
