import { and, eq, isNull, not, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Tx } from '../../db/client.ts'
import {
  conferenceAliases,
  conferenceDeadlines,
  conferenceHeads,
} from '../../db/schema/conferences.ts'
import { isAmongIds } from './loading.ts'
import type { SeriesPlan } from './planning.ts'
import { searchTextOf } from './search-text.ts'
import { nameKeyOf } from './source.ts'
import type { SeriesState } from './state.ts'

/** Makes the tenant's head if there is none, and holds it: of several who write, one comes after the other. */
export async function holdConferences(tx: Tx, tenantId: string): Promise<void> {
  await tx.insert(conferenceHeads).values({ tenantId }).onConflictDoNothing()
  await tx
    .select({ version: conferenceHeads.version })
    .from(conferenceHeads)
    .where(eq(conferenceHeads.tenantId, tenantId))
    .for('update')
}

/** Tells lists and calendars that something is different. */
export async function countChange(tx: Tx, tenantId: string): Promise<void> {
  await tx
    .update(conferenceHeads)
    .set({ version: sql`${conferenceHeads.version} + 1` })
    .where(eq(conferenceHeads.tenantId, tenantId))
}

export async function noteImport(tx: Tx, tenantId: string, at: Date): Promise<void> {
  await tx
    .update(conferenceHeads)
    .set({ importedAt: at })
    .where(eq(conferenceHeads.tenantId, tenantId))
}

/** Writes what was planned, whole series at a time, a statement for each table. */
export async function writePlans(
  tx: Tx,
  { tenantId, at }: { tenantId: string; at: Date },
  plans: readonly SeriesPlan[],
): Promise<void> {
  const states = plans.filter(({ isChanged }) => isChanged).map(({ state }) => state)
  if (states.length === 0) return
  await writeSeries(tx, tenantId, states)
  await writeAliases(tx, tenantId, states)
  await writeEditions(tx, tenantId, states)
  await writeRounds(tx, tenantId, states)
  await removeEstimates(tx, tenantId, states)
  await writeDeadlines(tx, tenantId, states)
  await writeChanges(tx, { tenantId, at }, plans)
  await countChange(tx, tenantId)
}

const records = (rows: readonly object[], columns: string): SQL =>
  sql`jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(columns)})`

async function writeSeries(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const rows = states.map((state) => {
    const { aliases, editions, estimates, ...row } = state
    return { ...row, titleKey: nameKeyOf(row.title), searchText: searchTextOf(state) }
  })
  const columns = `id uuid, title text, "titleKey" text, description text, sub text, "rankCcf" text, "rankCore" text,
    "rankThcpl" text, dblp text, "searchText" text, version integer, "createdAt" timestamptz, "updatedAt" timestamptz`
  await tx.execute(sql`
    insert into conference_series (tenant_id, id, title, title_key, description, sub, rank_ccf, rank_core, rank_thcpl, dblp,
      search_text, version, created_at, updated_at)
    select ${tenantId}, id, title, "titleKey", description, sub, "rankCcf", "rankCore", "rankThcpl", dblp,
      "searchText", version, "createdAt", "updatedAt"
    from ${records(rows, columns)}
    on conflict (tenant_id, id) do update set title = excluded.title, title_key = excluded.title_key,
      description = excluded.description, sub = excluded.sub, rank_ccf = excluded.rank_ccf, rank_core = excluded.rank_core,
      rank_thcpl = excluded.rank_thcpl, dblp = excluded.dblp,
      search_text = excluded.search_text, version = excluded.version, updated_at = excluded.updated_at`)
}

/** Aliases are the ones of the states; others of these series go. */
async function writeAliases(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const rows = states.flatMap(({ id, aliases }) =>
    aliases.map(({ name, kind }) => ({ seriesId: id, nameKey: nameKeyOf(name), name, kind })),
  )
  const columns = '"seriesId" uuid, "nameKey" text, name text, kind text'
  const ids = states.map(({ id }) => id)
  const { tenantId: ofTenant, seriesId } = conferenceAliases
  await tx.delete(conferenceAliases).where(and(eq(ofTenant, tenantId), isAmongIds(seriesId, ids)))
  await tx.execute(sql`
    insert into conference_aliases (tenant_id, series_id, name_key, name, kind)
    select ${tenantId}, "seriesId", "nameKey", name, kind from ${records(rows, columns)}`)
}

async function writeEditions(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const rows = states.flatMap(({ id: seriesId, editions }) =>
    editions.map(({ rounds, ...row }) => ({ ...row, seriesId })),
  )
  const columns = `id uuid, "seriesId" uuid, key text, year integer, link text, place text, "dateText" text,
    "startsOn" date, "endsOn" date, zone text`
  await tx.execute(sql`
    insert into conference_editions (tenant_id, id, series_id, key, year, link, place, date_text, starts_on, ends_on, zone)
    select ${tenantId}, id, "seriesId", key, year, link, place, "dateText", "startsOn", "endsOn", zone
    from ${records(rows, columns)}
    on conflict (tenant_id, id) do update set key = excluded.key, year = excluded.year, link = excluded.link,
      place = excluded.place, date_text = excluded.date_text, starts_on = excluded.starts_on, ends_on = excluded.ends_on,
      zone = excluded.zone`)
}

async function writeRounds(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const rows = states.flatMap(({ editions }) =>
    editions.flatMap(({ id: editionId, rounds }) =>
      rounds.map(({ deadlines, ...row }) => ({ ...row, editionId })),
    ),
  )
  const columns = 'id uuid, "editionId" uuid, number integer, comment text, "isWithdrawn" boolean'
  await tx.execute(sql`
    insert into conference_rounds (tenant_id, id, edition_id, number, comment, is_withdrawn)
    select ${tenantId}, id, "editionId", number, comment, "isWithdrawn" from ${records(rows, columns)}
    on conflict (tenant_id, id) do update set number = excluded.number, comment = excluded.comment,
      is_withdrawn = excluded.is_withdrawn`)
}

/** Those that are estimated no longer: what was announced since, or cannot be told any more. */
async function removeEstimates(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const seriesIds = states.map(({ id }) => id)
  const kept = states.flatMap(({ estimates }) => estimates.map(({ id }) => id))
  await tx
    .delete(conferenceDeadlines)
    .where(
      and(
        eq(conferenceDeadlines.tenantId, tenantId),
        isAmongIds(conferenceDeadlines.seriesId, seriesIds),
        isNull(conferenceDeadlines.roundId),
        not(isAmongIds(conferenceDeadlines.id, kept)),
      ),
    )
}

async function writeDeadlines(tx: Tx, tenantId: string, states: readonly SeriesState[]) {
  const rows = states.flatMap(({ id: seriesId, editions, estimates }) => [
    ...editions.flatMap(({ rounds }) =>
      rounds.flatMap(({ id: roundId, deadlines }) =>
        deadlines.map((row) => ({ ...row, seriesId, roundId })),
      ),
    ),
    ...estimates.map((row) => ({ ...row, seriesId, isWithdrawn: false })),
  ])
  const columns = `id uuid, "seriesId" uuid, "roundId" uuid, kind text, "localText" text, zone text, at timestamptz,
    year integer, round integer, basis jsonb, sequence integer, "isWithdrawn" boolean, "updatedAt" timestamptz`
  await tx.execute(sql`
    insert into conference_deadlines (tenant_id, id, series_id, round_id, kind, local_text, zone, at, estimated_year,
      estimated_round, basis, sequence, is_withdrawn, updated_at)
    select ${tenantId}, id, "seriesId", "roundId", kind, "localText", zone, at, year, round, basis, sequence, "isWithdrawn",
      "updatedAt"
    from ${records(rows, columns)}
    on conflict (tenant_id, id) do update set local_text = excluded.local_text, zone = excluded.zone, at = excluded.at,
      basis = excluded.basis, sequence = excluded.sequence, is_withdrawn = excluded.is_withdrawn,
      updated_at = excluded.updated_at`)
}

async function writeChanges(
  tx: Tx,
  { tenantId, at }: { tenantId: string; at: Date },
  plans: readonly SeriesPlan[],
) {
  const rows = plans.flatMap(({ state: { id: seriesId, version }, changes }) =>
    changes.map((change) => ({ ...change, id: uuidv7(), seriesId, version })),
  )
  const columns = `id uuid, "seriesId" uuid, "editionId" uuid, "deadlineId" uuid, kind text, field text, "oldValue" text,
    "newValue" text, sentence text, version integer`
  await tx.execute(sql`
    insert into conference_changes (tenant_id, id, series_id, edition_id, deadline_id, kind, field, old_value, new_value,
      sentence, version, at)
    select ${tenantId}, id, "seriesId", "editionId", "deadlineId", kind, field, "oldValue", "newValue", sentence, version,
      ${at.toISOString()}::timestamptz
    from ${records(rows, columns)}`)
}
