import { type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { SuggestionState } from '../../db/schema/suggestions.ts'
import type { Box } from './boxes.ts'
import { isSamePlace, type LabelledRegion, sameRegionReach } from './suggestions-same.ts'

/** What is known at the place of a region. */
export type Near = {
  suggestionId: string | null
  state: SuggestionState | null
  annotationId: string | null // made of that suggestion, or there by itself
}

type Row = {
  documentId: string
  page: number
  labelName: string
  x: number
  y: number
  width: number
  height: number
  rotation: number
  suggestionId: string | null // none: an annotation
  state: SuggestionState | null
  annotationId: string | null
}
type Known = { box: Box; rotation: number; row: Row }

const keyOf = ({ documentId, page, labelName }: Omit<LabelledRegion, 'box' | 'rotation'>) =>
  `${documentId} ${page} ${labelName}`

/**
 * Suggestions, decided or not, and annotations that are the same region as one of these. Every page is read once, whatever
 * is proposed for it, and compared here: a join would compare each with each where the planner knows no numbers yet.
 * @returns for each region what weighs most, in order: dismissed, annotated, open; `null` where nothing is known
 */
export async function findNear(
  tx: Tx,
  tenantId: string,
  regions: readonly LabelledRegion[],
): Promise<(Near | null)[]> {
  const pages = rangesOf(regions)
  const rows = await tx.execute<Row>(
    sql`${pages} ${suggestionsOf(tenantId)} union all ${annotationsOf(tenantId)} order by y`,
  )
  return compared(regions, [...rows])
}

/** Which of these regions have an annotation with their label. */
export async function findAnnotated(
  db: Db,
  tenantId: string,
  regions: readonly LabelledRegion[],
): Promise<boolean[]> {
  if (regions.length === 0) return []
  const rows = await db.execute<Row>(
    sql`${rangesOf(regions)} ${annotationsOf(tenantId)} order by y`,
  )
  return compared(regions, [...rows]).map((near) => near !== null)
}

/** Of every page what lies between the highest and the lowest region that is looked for. */
function rangesOf(regions: readonly LabelledRegion[]): SQL {
  const pages = Map.groupBy(regions, ({ documentId, page }) => `${documentId} ${page}`)
  const ranges = [...pages.values()].map((list) => ({
    ...{ document_id: list[0]?.documentId, page: list[0]?.page },
    top: list.reduce((top, { box }) => Math.min(top, box[1] - box[3] * sameRegionReach), 1),
    bottom: list.reduce((low, { box }) => Math.max(low, box[1] + box[3] * sameRegionReach), 0),
  }))
  return sql`with p as materialized (
    select * from json_to_recordset(${JSON.stringify(ranges)}::text::json)
      as p(document_id uuid, page int, top float8, bottom float8)
  )`
}

const place = sql`k.document_id as "documentId", k.page, k.label_name as "labelName", k.x, k.y, k.width,
  k.height, k.rotation`
const inRange = sql`k.document_id = p.document_id and k.page = p.page and k.y between p.top and p.bottom`

const suggestionsOf = (tenantId: string): SQL => sql`
  select ${place}, k.id as "suggestionId", k.state, k.annotation_id as "annotationId"
  from p cross join lateral (
    select * from suggestions k where k.tenant_id = ${tenantId} and ${inRange} offset 0
  ) k`

const annotationsOf = (tenantId: string): SQL => sql`
  select ${place}, null::uuid as "suggestionId", null as state, k.id as "annotationId"
  from p cross join lateral (
    select * from annotations k where k.tenant_id = ${tenantId} and ${inRange} and k.deleted_at is null offset 0
  ) k`

function compared(regions: readonly LabelledRegion[], rows: readonly Row[]): (Near | null)[] {
  const known = new Map<string, Known[]>()
  for (const row of rows) {
    const { x, y, width, height, rotation } = row
    const list = known.get(keyOf(row)) ?? []
    list.push({ box: [x, y, width, height], rotation, row })
    known.set(keyOf(row), list)
  }
  return regions.map((region) => nearOf(region, known.get(keyOf(region)) ?? []))
}

/** @param known by their y */
function nearOf(region: LabelledRegion, known: readonly Known[]): Near | null {
  const [, y, , height] = region.box
  const same: Row[] = []
  for (let at = firstFrom(known, y - height * sameRegionReach); at < known.length; at += 1) {
    const one = known[at]
    if (!one || one.box[1] > y + height * sameRegionReach) break
    if (isSamePlace(one, region)) same.push(one.row)
  }
  const first = (state: SuggestionState) => same.find((row) => row.state === state)
  const labelled = same.find((row) => row.suggestionId === null)
  const suggested = first('dismissed') ?? first('accepted') ?? first('open')
  if (!suggested) return labelled ?? null
  const { suggestionId, state } = suggested
  return {
    suggestionId,
    state,
    annotationId: suggested.annotationId ?? labelled?.annotationId ?? null,
  }
}

function firstFrom(known: readonly Known[], y: number): number {
  let [low, high] = [0, known.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((known[middle]?.box[1] ?? y) < y) low = middle + 1
    else high = middle
  }
  return low
}
