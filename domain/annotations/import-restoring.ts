import { sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { CopiedAnnotation } from './bulk-copy.ts'

/** A deleted annotation that a file brings back, as the file has it. */
export type RestoredAnnotation = CopiedAnnotation & { id: string }

type Origin = { tenantId: string; userId: string; at: Date }

// Each is encoded whole before it is sent, and has the deadline of a statement.
const rowsPerStatement = 1_000

/** Brings annotations back with a new version each; one that somebody has restored meanwhile stays as it is. */
export async function restoreAnnotations(
  tx: Tx,
  origin: Origin,
  rows: readonly RestoredAnnotation[],
): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerStatement)
    await restoreSome(tx, origin, rows.slice(start, start + rowsPerStatement))
}

async function restoreSome(
  tx: Tx,
  { tenantId, userId, at }: Origin,
  rows: readonly RestoredAnnotation[],
): Promise<void> {
  const given = rows.map(({ newId: _, attributes, ...row }) => ({
    ...row,
    attributes: JSON.parse(attributes),
  }))
  const time = at.toISOString()
  await tx.execute(sql`
    with given as materialized (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as r(id uuid, page int, x float8, y float8,
        width float8, height float8, rotation float8, "labelType" text, "labelName" text, value text, attributes jsonb,
        confidence float8, source text, validation text)
      order by r.id
    ), restored as (
      update annotations a
      set page = g.page, x = g.x, y = g.y, width = g.width, height = g.height, rotation = g.rotation,
        label_type = g."labelType", label_name = g."labelName", value = g.value, attributes = g.attributes,
        confidence = g.confidence, source = g.source, validation = g.validation,
        validated_by_user_id = case when g.validation <> 'pending' then ${userId}::uuid end,
        validated_at = case when g.validation <> 'pending' then ${time}::timestamptz end,
        deleted_at = null, version = a.version + 1, updated_by_user_id = ${userId}, updated_at = ${time}
      from given g
      where a.tenant_id = ${tenantId} and a.id = g.id and a.deleted_at is not null
      returning a.*
    )
    insert into annotation_versions (tenant_id, annotation_id, version, change, content, user_id, at)
    select r.tenant_id, r.id, r.version, 'restore', jsonb_build_object(
        'box', jsonb_build_array(r.x, r.y, r.width, r.height), 'rotation', r.rotation, 'label_type', r.label_type,
        'label_name', r.label_name, 'value', r.value, 'attributes', r.attributes, 'confidence', r.confidence,
        'validation', r.validation, 'is_deleted', false), r.updated_by_user_id, r.updated_at
    from restored r where r.tenant_id = ${tenantId}`)
}
