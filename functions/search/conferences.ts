import { type SQL, sql } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { conferenceDeadlines, conferenceSeries, type DeadlineKind } from '../../db/schema/index.ts'
import type { Reader } from '../../domain/channels/access.ts'
import { parsed, type Source } from './blocks.ts'
import type { Filter } from './filters.ts'
import * as texts from './texts.ts'

/** Conferences, each once, by all that people know them and their editions by. */
export const conferencesSource = ({ tenantId }: Reader, filter: Filter): Source => ({
  from: sql`${conferenceSeries} s`,
  where: sql`s.tenant_id = ${tenantId} ${isDueWithin(filter)}`,
  id: sql`s.id`,
  number: sql`0::integer`,
  search: sql`s.search`,
  textBytes: sql`octet_length(s.search_text)`,
})

/** SQL: as where conferences are listed, an estimate is no deadline. */
function isDueWithin({ from, to }: Filter): SQL {
  if (from === undefined && to === undefined) return sql``
  return sql`and exists (select from ${conferenceDeadlines} d
    where d.tenant_id = s.tenant_id and d.series_id = s.id and not d.is_withdrawn and d.basis is null
      and d.at >= ${from?.toISOString() ?? '-infinity'}::timestamptz
      and d.at < ${to?.toISOString() ?? 'infinity'}::timestamptz)`
}

type NextDeadline = { kind: DeadlineKind; at: string; is_estimate: boolean }

type ConferenceColumns = {
  id: string
  title: string
  description: string
  sub: string
  rankCcf: string | null
  rankCore: string | null
  rankThcpl: string | null
}
type ConferenceRow = ConferenceColumns & texts.FoundTextRow & { next: string | NextDeadline | null }
export type ConferenceHit = texts.HitOf<
  'conference',
  ConferenceColumns & { nextDeadline: NextDeadline | null }
>

/** A conference that has gone meanwhile is left out. */
export async function loadConferences(
  db: Db,
  { reader, keys, words, now }: texts.Load,
): Promise<ConferenceHit[]> {
  const rows = await db.execute<ConferenceRow>(sql`
    select s.id, s.title, s.description, s.sub, s.rank_ccf as "rankCcf", s.rank_core as "rankCore",
      s.rank_thcpl as "rankThcpl", (
        select json_build_object('kind', d.kind, 'at', ${texts.contractTime(sql`d.at`)}, 'is_estimate', d.basis is not null)
        from ${conferenceDeadlines} d where d.tenant_id = s.tenant_id and d.series_id = s.id and not d.is_withdrawn
          and d.at >= ${now.toISOString()}::timestamptz order by d.at, d.id limit 1) as next,
      ${texts.foundText(sql`s.search_text`, sql`s.search`, words)}
    from ${conferenceSeries} s where s.tenant_id = ${reader.tenantId} and ${texts.isWanted(sql`s.id`, keys)}`)
  return texts
    .toHits('conference', rows)
    .map(({ next, ...hit }) => ({ ...hit, nextDeadline: parsed(next) }))
}
