import type * as z from 'zod'
import type { Box } from '../../domain/annotations/boxes.ts'
import type { modifySuggestion } from './contract.ts'
import type { SuggestionRow } from './representation.ts'

/** What whoever accepts wants otherwise than it was suggested. */
export type Accepted = z.output<typeof modifySuggestion.input.json>

/** Does anything that was asked for differ from what is there? */
export const differs = (changes: Accepted, content: Record<string, unknown>): boolean =>
  Object.entries(changes).some(
    ([name, value]) => value !== undefined && canonical(value) !== canonical(content[name]),
  )

/** As JSON with the members of objects in order: those that were stored come back in another. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )

/** What is suggested, with the changes. */
export const acceptedContent = (row: SuggestionRow, changes: Accepted) => ({
  box: changes.box ?? ([row.x, row.y, row.width, row.height] satisfies Box),
  rotation: changes.rotation ?? row.rotation,
  labelType: changes.label_type ?? row.labelType,
  labelName: changes.label_name ?? row.labelName,
  value: changes.value === undefined ? row.value : changes.value,
  attributes: changes.attributes ?? row.attributes,
})
