import * as z from 'zod'
import { labelTypes } from '../../db/schema/annotations.ts'
import {
  suggestionSources,
  suggestionStates,
  type suggestions,
} from '../../db/schema/suggestions.ts'
import type { Verdict } from '../../domain/annotations/suggestions.ts'

const time = z.iso.datetime()

export type SuggestionRow = typeof suggestions.$inferSelect

export const Suggestion = z
  .object({
    id: z.uuid(),
    document_id: z.uuid(),
    page: z.int().meta({ description: 'From 1.', example: 1 }),
    box: z.array(z.number()).length(4),
    rotation: z.number(),
    label_type: z.enum(labelTypes),
    label_name: z.string(),
    value: z.string().nullable(),
    attributes: z.record(z.string(), z.unknown()),
    confidence: z.number().nullable(),
    source: z.enum(suggestionSources),
    template_id: z.uuid().nullable().meta({ description: 'Of source `template`.' }),
    state: z.enum(suggestionStates),
    annotation_id: z.uuid().nullable().meta({ description: 'Made when it was accepted.' }),
    created_by: z.uuid(),
    decided_by: z.uuid().nullable(),
    version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
    created_at: time,
    updated_at: time,
  })
  .meta({
    id: 'Suggestion',
    description: 'A region that is proposed for a label. What was proposed stays as it was.',
  })

const verdict = z.enum(['created', 'exists', 'dismissed', 'annotated']).meta({
  description: `\`created\`; \`exists\`: it is open already; \`dismissed\`: somebody did not want it, and it does not come
back; \`annotated\`: the label is there already, or was made of this suggestion.`,
})
const annotationId = z.uuid().nullable().meta({ description: 'Where it is annotated.' })

export const Proposed = z
  .object({ verdict, suggestion: Suggestion.nullable(), annotation_id: annotationId })
  .meta({ id: 'ProposedRegion', description: 'What became of a proposal.' })

export const ProposedMany = z
  .object({
    items: z.array(
      z.object({ verdict, suggestion_id: z.uuid().nullable(), annotation_id: annotationId }),
    ),
  })
  .meta({ id: 'ProposedRegions', description: 'A verdict for each proposal, in order.' })

export const toSuggestion = (row: SuggestionRow): z.input<typeof Suggestion> => ({
  id: row.id,
  document_id: row.documentId,
  page: row.page,
  box: [row.x, row.y, row.width, row.height],
  rotation: row.rotation,
  label_type: row.labelType,
  label_name: row.labelName,
  value: row.value,
  attributes: row.attributes,
  confidence: row.confidence,
  source: row.source,
  template_id: row.templateId,
  state: row.state,
  annotation_id: row.annotationId,
  created_by: row.createdByUserId,
  decided_by: row.decidedByUserId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
})

export const toVerdict = ({ verdict: name, suggestionId, annotationId: annotated }: Verdict) => ({
  ...{ verdict: name, suggestion_id: suggestionId, annotation_id: annotated },
})
