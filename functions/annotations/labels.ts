import { and, eq } from 'drizzle-orm'
import type { Db } from '../../db/client.ts'
import { templates } from '../../db/schema/index.ts'
import type { LineFault } from '../../domain/annotations/bulk-verdicts.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { didYouMean } from '../_shared/http/suggestion.ts'

const namesKnownMax = 1_000

/** Says what is wrong with the name of a label, or `null`. */
export type LabelRule = (name: string) => LineFault | null

/**
 * Which labels may be used: with a template those that it has now, else any.
 * @param place where the caller names the template
 * @throws {AppError} `invalid`: there is no such template
 */
export async function findLabelRule(
  db: Db,
  tenantId: string,
  { templateId, place }: { templateId: string | undefined; place: InputFault['in'] },
): Promise<LabelRule> {
  if (templateId === undefined) return () => null
  const [template] = await db
    .select({ name: templates.name, labels: templates.labels })
    .from(templates)
    .where(and(eq(templates.tenantId, tenantId), eq(templates.id, templateId)))
  if (!template) {
    const detail = 'There is no such template.'
    const fault = { in: place, pointer: '/template_id', code: 'not_found', detail }
    throw new AppError('invalid', detail, { errors: [fault] })
  }
  return labelRule(
    template.name,
    template.labels.map(({ name }) => name),
  )
}

function labelRule(templateName: string, labels: readonly string[]): LabelRule {
  const known = new Set(labels)
  // Looking for a near name takes longer than all the rest of a line.
  const faults = new Map<string, LineFault>()
  return (name) => {
    if (known.has(name)) return null
    const detail = `The template "${templateName}" has no label "${name}".`
    const fault = { pointer: '/label_name', code: 'unknown_label', detail }
    if (faults.size >= namesKnownMax) return fault
    const near = faults.get(name) ?? withSuggestion(fault, didYouMean(name, labels))
    faults.set(name, near)
    return near
  }
}

const withSuggestion = (fault: LineFault, near: string | null): LineFault =>
  near === null ? fault : { ...fault, hint: `Did you mean "${near}"?` }
