import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'
import type { Box } from './boxes.ts'
import { iouOf } from './region-matching.ts'

/** A place on a page with what it is said to hold. */
export type LabelledRegion = {
  documentId: string
  page: number
  box: Box
  rotation: number // degrees clockwise
  labelName: string
}

/** From this overlap on a region that is proposed is one that is known: a model repeats itself a pixel off. */
const sameProposalIouMin = 0.9 - 1e-9 // boxes that overlap by nine tenths may miss them by their last bits
/** Up to this difference; a box that is turned by half covers what it did. */
const sameRotationDegreesMax = 5

/** Are the two one region, by their label and place? The pages are the caller's to compare. */
export function isSameRegion(one: LabelledRegion, other: LabelledRegion): boolean {
  const turn = one.rotation - other.rotation
  return (
    one.labelName === other.labelName &&
    Math.abs(turn - 180 * Math.round(turn / 180)) <= sameRotationDegreesMax &&
    iouOf([...one.box], [...other.box]) >= sameProposalIouMin
  )
}

// With an IoU of t no side of the one begins further from that of the other than this share of its extent.
const reach = (1 - sameProposalIouMin) / sameProposalIouMin

const overlap = (at: string, extent: string) =>
  `greatest(0, least(k.${at} + k.${extent}, p.${at} + p.${extent}) - greatest(k.${at}, p.${at}))`

/** `isSameRegion` of a known region `k` and a proposed one `p` of the same page and label. */
const isSame = sql.raw(`
  k.y between p.y - p.height * ${reach} and p.y + p.height * ${reach}
  and k.x between p.x - p.width * ${reach} and p.x + p.width * ${reach}
  and ${overlap('x', 'width')} * ${overlap('y', 'height')} * (1 + ${sameProposalIouMin})
    >= ${sameProposalIouMin} * (k.width * k.height + p.width * p.height)
  and abs(k.rotation - p.rotation - 180 * round((k.rotation - p.rotation) / 180)) <= ${sameRotationDegreesMax}`)

/** What is known at the place of a proposal. */
export type Near = {
  place: number // of the proposal in its list
  suggestionId: string | null
  state: SuggestionState | null
  annotationId: string | null // made of that suggestion, or there by itself
}

/**
 * Suggestions, decided or not, and annotations that are the same region as one that is proposed. The suggestions of a page
 * and label are entered at the height of the region; the annotations of a page are read once for all its proposals.
 */
export async function findNear(
  tx: Tx,
  tenantId: string,
  regions: readonly LabelledRegion[],
): Promise<Near[]> {
  const rows = regions.map(({ box: [x, y, width, height], ...region }, place) => ({
    ...{ place, document_id: region.documentId, page: region.page, label_name: region.labelName },
    ...{ x, y, width, height, rotation: region.rotation },
  }))
  const found = await tx.execute<Near>(sql`
    with p as materialized (
      select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as p(place int, document_id uuid,
        page int, label_name text, x float8, y float8, width float8, height float8, rotation float8)
    ), suggested as (
      select p.place, k.* from p cross join lateral (
        select k.id, k.state, k.annotation_id from suggestions k
        where k.tenant_id = ${tenantId} and k.document_id = p.document_id and k.page = p.page
          and k.label_name = p.label_name and ${isSame}
        order by k.state = 'open', k.state = 'accepted' limit 1
      ) k
    ), labelled as (
      select distinct on (p.place) p.place, k.id from (select distinct document_id, page from p) pages
      cross join lateral (
        select * from annotations a where a.tenant_id = ${tenantId} and a.document_id = pages.document_id
          and a.page = pages.page and a.deleted_at is null offset 0
      ) k
      join p on p.document_id = k.document_id and p.page = k.page and p.label_name = k.label_name
      where ${isSame} order by p.place, k.id
    )
    select p.place, suggested.id as "suggestionId", suggested.state,
      coalesce(suggested.annotation_id, labelled.id) as "annotationId"
    from p left join suggested on suggested.place = p.place left join labelled on labelled.place = p.place
    where suggested.id is not null or labelled.id is not null`)
  return [...found]
}

/** Condition on a row of `suggestions`: its place has no annotation with its label. */
export const isWithoutAnnotation = sql`not exists (
  select from annotations k, lateral (select suggestions.x, suggestions.y, suggestions.width, suggestions.height,
    suggestions.rotation) p
  where k.tenant_id = suggestions.tenant_id and k.document_id = suggestions.document_id and k.page = suggestions.page
    and k.label_name = suggestions.label_name and k.deleted_at is null and ${isSame})`
