import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import type { DocumentStatus } from '../../db/schema/documents.ts'
import { documents, templates } from '../../db/schema/index.ts'
import { type Proposal, proposeRegions, type Verdict } from '../annotations/suggestions.ts'
import {
  type ExpectedLabel,
  type ExpectedRegion,
  expectedLabels,
  expectedRegions,
  type ReadPage,
} from './expected-regions.ts'
import { ApplicationTooLarge, LookingWork } from './looking-work.ts'

/** A template that is not, or no longer, there. */
export class TemplateMissing extends Error {
  constructor() {
    super('There is no such template.')
    this.name = 'TemplateMissing'
  }
}

/** A document that is not, or no longer, there. */
export class DocumentMissing extends Error {
  constructor() {
    super('There is no such document, or it is in the trash.')
    this.name = 'DocumentMissing'
  }
}

/** A document whose pages are not known, not yet or because it failed: to be tried again when it has been read. */
export class DocumentNotRead extends Error {
  constructor() {
    super('The document has not been read yet.')
    this.name = 'DocumentNotRead'
  }
}

export type Application = {
  templateVersion: number // that was applied
  /** Regions that were suggested by this call. */
  suggestions: number
  /** Regions that were not, because each is open already, was dismissed, or has its annotation. */
  existing: number
  dismissed: number
  annotated: number
  isFirst: boolean // of this template to this document
}

type Apply = {
  tenantId: string
  templateId: string
  documentId: string
  userId: string
  at: Date
}

// A failed one has no page; of a cancelled one there may be some.
const unread = new Set<DocumentStatus>(['pending', 'processing', 'failed'])
const pagesAtOnce = 50
const regionsMax = 10_000

/**
 * Applies a template in its current version: from now on the document has to have what it requires, and the places of its
 * labels are suggested, with the words that stand there. Again is safe: nothing is made twice, nothing comes back that
 * was dismissed, and what could not be read the last time is filled in.
 * @throws {TemplateMissing} {DocumentMissing} {DocumentNotRead} {ApplicationTooLarge}: end the transaction with it, and
 * nothing is kept
 */
export async function applyTemplate(tx: Tx, application: Apply): Promise<Application> {
  const { tenantId, templateId, documentId } = application
  const [template] = await tx
    .select({ labels: templates.labels, version: templates.version })
    .from(templates)
    .where(and(eq(templates.tenantId, tenantId), eq(templates.id, templateId)))
    .for('key share')
  if (!template) throw new TemplateMissing()
  const [document] = await tx
    .select({ status: documents.status })
    .from(documents)
    .where(
      and(
        ...[eq(documents.tenantId, tenantId), eq(documents.id, documentId)],
        isNull(documents.trashedAt),
      ),
    )
    .for('key share')
  if (!document) throw new DocumentMissing()
  if (unread.has(document.status)) throw new DocumentNotRead()
  const isFirst = await recordApplication(tx, application, template.version)
  const verdicts = await suggestRegions(tx, application, expectedLabels(template.labels))
  const count = (name: Verdict['verdict']) =>
    verdicts.filter(({ verdict }) => verdict === name).length
  return {
    ...{ templateVersion: template.version, isFirst, suggestions: count('created') },
    ...{ existing: count('exists'), dismissed: count('dismissed'), annotated: count('annotated') },
  }
}

async function recordApplication(tx: Tx, application: Apply, version: number): Promise<boolean> {
  const { tenantId, documentId, templateId, userId, at } = application
  const [row] = await tx.execute<{ isFirst: boolean }>(sql`
    insert into template_applications (tenant_id, document_id, template_id, template_version, user_id, applied_at)
    values (${tenantId}, ${documentId}, ${templateId}, ${version}, ${userId}, ${at.toISOString()})
    on conflict (tenant_id, document_id, template_id) do update set
      template_version = excluded.template_version, user_id = excluded.user_id, applied_at = excluded.applied_at
    returning xmax = 0 as "isFirst"`)
  return row?.isFirst ?? false
}

async function suggestRegions(
  tx: Tx,
  { templateId, ...by }: Apply,
  labels: readonly ExpectedLabel[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const work = new LookingWork()
  for (let after = 0; ; ) {
    const pages = await readPages(tx, by, { labels, after })
    const regions: ExpectedRegion[] = []
    for (const page of pages) {
      regions.push(...(await expectedRegions(labels, page, work)))
      if (verdicts.length + regions.length > regionsMax)
        throw new ApplicationTooLarge(`expects more than ${regionsMax} regions`)
    }
    const proposals = regions.map(
      (region): Proposal => ({
        ...{ ...region, documentId: by.documentId, rotation: 0, confidence: null },
        ...{ source: 'template', templateId },
      }),
    )
    const made = await proposeRegions(tx, by, proposals)
    await fillValues(tx, { tenantId: by.tenantId, at: by.at }, valuesOf(proposals, made))
    verdicts.push(...made)
    const last = pages.at(-1)
    if (!last || pages.length < pagesAtOnce) return verdicts
    after = last.number
  }
}

type Value = { id: string; value: string }

/** What stands now where something was suggested before. */
const valuesOf = (proposals: readonly Proposal[], verdicts: readonly Verdict[]): Value[] =>
  proposals.flatMap(({ value }, place) => {
    const { verdict, suggestionId } = verdicts[place] ?? {}
    return verdict === 'exists' && suggestionId && value !== null
      ? [{ id: suggestionId, value }]
      : []
  })

/** Of templates' suggestions that have none, because their page could not be read when they were made. */
async function fillValues(
  tx: Tx,
  { tenantId, at }: Pick<Apply, 'tenantId' | 'at'>,
  values: readonly Value[],
): Promise<void> {
  if (values.length === 0) return
  await tx.execute(sql`
    update suggestions s set value = v.value, version = s.version + 1, updated_at = ${at.toISOString()}
    from json_to_recordset(${JSON.stringify(values)}::text::json) as v(id uuid, value text)
    where s.tenant_id = ${tenantId} and s.id = v.id and s.state = 'open' and s.source = 'template'
      and s.value is null`)
}

/** The next pages on which a label is expected: a document may have more than there is memory for. */
async function readPages(
  tx: Tx,
  { tenantId, documentId }: Pick<Apply, 'tenantId' | 'documentId'>,
  { labels, after }: { labels: readonly ExpectedLabel[]; after: number },
): Promise<ReadPage[]> {
  const numbers = new Set(labels.flatMap(({ places }) => places.map(({ page }) => page)))
  const named = `{${[...numbers].filter((number) => number !== null).join(',')}}`
  const rows = await tx.execute<ReadPage>(sql`
    select number, width_points as "widthPoints", height_points as "heightPoints", text, words
    from document_pages
    where tenant_id = ${tenantId} and document_id = ${documentId} and number > ${after}
      and (${numbers.has(null)}::boolean or number = any(${named}::int[]))
    order by number limit ${pagesAtOnce}`)
  return [...rows]
}
