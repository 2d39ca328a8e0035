import type { BatchOperation } from '../../db/schema/batches.ts'

export const itemsMax = 10_000

type Asked = {
  operation: BatchOperation
  parameters: { template_id?: string | undefined; format?: string | undefined }
  document_ids?: readonly string[] | undefined
  filter?: object | undefined
}

type Fault = { path: string[]; message: string }

/** Documents come by their ids or by a filter. */
export function selectionFault({ document_ids: ids, filter }: Asked): Fault | null {
  if ((ids === undefined) !== (filter === undefined)) return null
  return { path: ['document_ids'], message: 'Give either document_ids or filter.' }
}

const needed = { extract: null, apply_template: 'template_id', export: 'format' } as const

/** Each operation takes its own parameter, and no other. */
export function parameterFault({ operation, parameters }: Asked): Fault | null {
  const name = needed[operation]
  if (name !== null && parameters[name] === undefined)
    return { path: ['parameters', name], message: `${operation} needs it.` }
  const other = (['template_id', 'format'] as const).find(
    (each) => each !== name && parameters[each] !== undefined,
  )
  return other ? { path: ['parameters', other], message: `${operation} takes none.` } : null
}
