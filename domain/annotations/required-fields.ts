import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import type { LabelType } from '../../db/schema/annotations.ts'
import { newFormatCheck } from './required-fields-format.ts'

/**
 * Why a required field is open: `missing`, no region has the label; `empty`, none has a value; `format`, no value has the
 * expected format; `invalid`, whoever checked refused all there is.
 */
export type OpenReason = 'missing' | 'empty' | 'format' | 'invalid'

/** A required label of a template that a document does not satisfy. */
export type OpenField = {
  documentId: string
  templateId: string
  templateName: string
  labelName: string
  reason: OpenReason
}

/** Labels of these types are made of their value; of others the region alone is enough. */
const typesWithValue: ReadonlySet<LabelType> = new Set(['text', 'number', 'date', 'choice'])
export const hasValue = (type: LabelType): boolean => typesWithValue.has(type)

type Found = {
  documentId: string
  templateId: string
  templateName: string
  labelName: string
  labelType: LabelType
  format: string | null
  /** Regions with the label; of those not refused; of those with a value. */
  regions: number
  sound: number
  filled: number
  values: string | null // where a format is expected: JSON, an array of texts
}

/**
 * What documents lack of the templates that were applied to them, in the version that was applied; one statement for all.
 * @returns by document, template and the template's order of labels; empty: nothing stands against an export
 */
export async function openRequiredFields(
  db: Db | Tx,
  { tenantId, documentIds }: { tenantId: string; documentIds: readonly string[] },
): Promise<OpenField[]> {
  if (documentIds.length === 0) return []
  const rows = await db.execute<Found>(sql`
    with document as materialized (
      select distinct unnest(${`{${documentIds.join(',')}}`}::uuid[]) as id
    ), wanted as materialized (
      select a.document_id, a.template_id, v.name as template_name, l.place, l.label->>'name' as label_name,
        l.label->>'type' as label_type, l.label->>'expected_format' as format
      from document d
      join template_applications a on a.tenant_id = ${tenantId} and a.document_id = d.id
      join template_versions v on v.tenant_id = a.tenant_id and v.template_id = a.template_id
        and v.version = a.template_version
      cross join lateral jsonb_array_elements(v.labels) with ordinality as l(label, place)
      where (l.label->>'required')::boolean
    ), label as materialized (
      select array_agg(distinct label_name) as wanted,
        array_agg(distinct label_name) filter (where format is not null) as formatted
      from wanted
    ), found as materialized (
      select d.id as document_id, n.*
      from document d cross join lateral (
        select n.label_name, count(*)::int as regions,
          (count(*) filter (where n.validation <> 'invalid'))::int as sound,
          (count(*) filter (where n.validation <> 'invalid' and n.value ~ '\\S'))::int as filled,
          (json_agg(distinct n.value) filter (where n.validation <> 'invalid' and n.value ~ '\\S'
            and n.label_name = any((select formatted from label)::text[])))::text as values
        from annotations n
        where n.tenant_id = ${tenantId} and n.document_id = d.id and n.deleted_at is null
          and n.label_name = any((select wanted from label)::text[])
        group by n.label_name
      ) n
    )
    select w.document_id as "documentId", w.template_id as "templateId", w.template_name as "templateName",
      w.label_name as "labelName", w.label_type as "labelType", w.format, coalesce(f.regions, 0) as regions,
      coalesce(f.sound, 0) as sound, coalesce(f.filled, 0) as filled, f.values
    from wanted w
    left join found f on f.document_id = w.document_id and f.label_name = w.label_name
    order by w.document_id, w.template_name, w.template_id, w.place`)
  const hasFormat = newFormatCheck()
  return [...rows].flatMap((found) => {
    const reason = reasonOf(found, hasFormat)
    if (reason === null) return []
    const { documentId, templateId, templateName, labelName } = found
    return [{ documentId, templateId, templateName, labelName, reason }]
  })
}

function reasonOf(
  { labelType, format, values, regions, sound, filled }: Found,
  hasFormat: ReturnType<typeof newFormatCheck>,
): OpenReason | null {
  if (regions === 0) return 'missing'
  if (sound === 0) return 'invalid'
  if (!hasValue(labelType)) return null
  if (filled === 0) return 'empty'
  if (format === null || hasFormat(format, JSON.parse(values ?? '[]'))) return null
  return 'format'
}
