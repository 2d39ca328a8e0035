import { and, asc, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import { type TemplateLabel, templates, templateVersions } from '../../db/schema/index.ts'
import type { TemplateRow } from './contract.ts'

const owned = (tenantId: string, id: string): SQL | undefined =>
  and(eq(templates.tenantId, tenantId), eq(templates.id, id))

type Content = { name: string; labels: TemplateLabel[] }
type By = { userId: string; at: Date }

export async function insertTemplate(
  tx: Tx,
  tenantId: string,
  { userId, at, ...content }: Content & By,
): Promise<TemplateRow> {
  const times = { createdAt: at, updatedAt: at, updatedByUserId: userId }
  const [row] = await tx
    .insert(templates)
    .values({ tenantId, id: uuidv7(), ...content, ...times })
    .returning()
  if (!row) throw new Error('an insert returned no row')
  return keepVersion(tx, row)
}

/** The row, held until the transaction ends: of several who change it, one comes after the other. */
export async function holdTemplate(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<TemplateRow | null> {
  const [row] = await tx.select().from(templates).where(owned(tenantId, id)).for('update')
  return row ?? null
}

/** Changes a held row; the new version is kept. */
export async function saveTemplate(
  tx: Tx,
  { tenantId, id }: TemplateRow,
  { userId, at, ...content }: Partial<Content> & By,
): Promise<TemplateRow> {
  const by = { updatedAt: at, updatedByUserId: userId }
  const [row] = await tx
    .update(templates)
    .set({ ...content, ...by, version: sql`${templates.version} + 1` })
    .where(owned(tenantId, id))
    .returning()
  if (!row) throw new Error('a held template is gone')
  return keepVersion(tx, row)
}

async function keepVersion(tx: Tx, row: TemplateRow): Promise<TemplateRow> {
  const { tenantId, id: templateId, version, name, labels } = row
  const by = { userId: row.updatedByUserId, at: row.updatedAt }
  await tx.insert(templateVersions).values({ tenantId, templateId, version, name, labels, ...by })
  return row
}

export async function deleteTemplateRow(tx: Tx, { tenantId, id }: TemplateRow): Promise<void> {
  await tx.delete(templates).where(owned(tenantId, id))
}

export async function findVersion(
  tx: Tx,
  { tenantId, id }: TemplateRow,
  version: number,
): Promise<Content | null> {
  const { name, labels } = templateVersions
  const [row] = await tx
    .select({ name, labels })
    .from(templateVersions)
    .where(
      and(
        eq(templateVersions.tenantId, tenantId),
        eq(templateVersions.templateId, id),
        eq(templateVersions.version, version),
      ),
    )
  return row ?? null
}

type ListTemplates = {
  tenantId: string
  name: string | undefined // a part of it
  labelName: string | undefined
  after: string | null
  limit: number
}

/** Oldest first: ids are UUIDv7, so their order is that of creation. */
export const listTemplateRows = (
  db: Db,
  { tenantId, name, labelName, after, limit }: ListTemplates,
): Promise<TemplateRow[]> =>
  db
    .select()
    .from(templates)
    .where(
      and(
        eq(templates.tenantId, tenantId),
        name ? sql`position(lower(${name}) in lower(${templates.name})) > 0` : undefined,
        labelName
          ? sql`${templates.labels} @> ${JSON.stringify([{ name: labelName }])}::text::jsonb`
          : undefined,
        after === null ? undefined : gt(templates.id, after),
      ),
    )
    .orderBy(asc(templates.id))
    .limit(limit)

/** Newest first. */
export const listVersionRows = (
  db: Db,
  filter: { tenantId: string; id: string; before: number | null; limit: number },
) =>
  db
    .select()
    .from(templateVersions)
    .where(
      and(
        eq(templateVersions.tenantId, filter.tenantId),
        eq(templateVersions.templateId, filter.id),
        filter.before === null ? undefined : lt(templateVersions.version, filter.before),
      ),
    )
    .orderBy(desc(templateVersions.version))
    .limit(filter.limit)
