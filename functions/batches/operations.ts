import type { BatchOperation } from '../../db/schema/batches.ts'
import { type ExportFormat, exportFiles } from '../../domain/annotations/exporting.ts'
import { findExportDocuments } from '../../domain/annotations/exporting-queries.ts'
import { openRequiredFields } from '../../domain/annotations/required-fields.ts'
import type { findItemOfJob } from '../../domain/batches/items.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import {
  applyTemplate,
  DocumentMissing,
  DocumentNotRead,
  TemplateMissing,
} from '../../domain/templates/apply.ts'
import { ApplicationTooLarge } from '../../domain/templates/looking-work.ts'
import type { JobCompletion, JobContext } from '../_shared/ports/jobs.ts'

type Item = NonNullable<Awaited<ReturnType<typeof findItemOfJob>>>
type Operation = (context: JobContext, item: Item) => Promise<JobCompletion>

const failed = (code: string, message: string) => new JobFailure(code, message, true)

/** What a template's failures are called; trying again by itself helps none of them. */
const codes = [
  [TemplateMissing, 'template_gone'],
  [DocumentMissing, 'document_gone'],
  [DocumentNotRead, 'document_not_read'],
  [ApplicationTooLarge, 'application_too_large'],
] as const

const apply: Operation = async ({ deps, job }, { documentId, userId, parameters }) => ({
  effect: async (tx) => {
    const { tenantId } = job
    const templateId = parameters.template_id ?? ''
    const application = { tenantId, templateId, documentId, userId, at: deps.now() }
    await applyTemplate(tx, application).catch((err: unknown) => {
      const [, code] = codes.find(([kind]) => err instanceof kind) ?? []
      throw code && err instanceof Error ? failed(code, err.message) : err
    })
  },
})

const openFieldsShown = 3

/**
 * Writes the document's annotations in the format and keeps nothing but their size: the file is made again when the batch
 * is exported, so that it shows what there is then.
 */
const exportDocument: Operation = async ({ deps, job, signal }, { documentId, parameters }) => {
  const of = { tenantId: job.tenantId, documentIds: [documentId] }
  const [document] = await findExportDocuments(deps.db, of)
  if (!document) throw failed('document_gone', 'The document was deleted.')
  const open = await openRequiredFields(deps.db, of)
  if (open.length > 0) {
    const names = open.slice(0, openFieldsShown).map(({ labelName }) => `"${labelName}"`)
    const more = open.length > openFieldsShown ? ' and others' : ''
    throw failed('required_fields_open', `Required fields are open: ${names.join(', ')}${more}.`)
  }
  let characters = 0
  let annotations = 0
  const onAnnotation = () => {
    annotations += 1
  }
  const order = { ...of, format: parameters.format as ExportFormat, onAnnotation }
  for await (const { text } of exportFiles(deps.db, order)) {
    signal.throwIfAborted()
    characters += text.length
  }
  return { result: { annotations, characters }, effect: async () => {} }
}

/** What an item's own job does; an `extract` item has the document's. */
export const operations: Record<Exclude<BatchOperation, 'extract'>, Operation> = {
  apply_template: apply,
  export: exportDocument,
}
