import type { Db } from '../../db/client.ts'
import { archiveFilesMax } from '../archives/zip.ts'
import { type ExportFormat, exportKinds } from './exporting.ts'
import { type ExportDocument, findExportDocuments } from './exporting-queries.ts'
import { type OpenField, openRequiredFields } from './required-fields.ts'

/** Why documents cannot be exported now: required fields are open, or they are too many for an archive. */
export type ExportBlock = {
  reason: 'required_fields_open' | 'too_many_pages'
  detail: string
  errors: { code: string; detail: string }[] // at most 100
}

type Order = { tenantId: string; documentIds: readonly string[]; format: ExportFormat }

const documentsAtOnce = 500
const openFieldsShownMax = 100
const filesPerPage = 2 // of YOLO
const filesBeside = 2
const reasons: Record<OpenField['reason'], string> = {
  missing: 'no region has this label',
  empty: 'no region with this label has a value',
  format: 'no value has the expected format',
  invalid: 'every region with this label was found invalid',
}

/** Looks for what stands against an export, before its first byte. @returns `null`: nothing */
export async function findExportBlock(db: Db, order: Order): Promise<ExportBlock | null> {
  const { tenantId, documentIds, format } = order
  for (let start = 0; start < documentIds.length; start += documentsAtOnce) {
    const some = documentIds.slice(start, start + documentsAtOnce)
    const open = await openRequiredFields(db, { tenantId, documentIds: some })
    if (open.length > 0) return openFields(open)
  }
  if (!exportKinds[format].isArchive) return null
  // An archive could not count its files, which would show only when most of it is sent.
  return tooManyPages(await findExportDocuments(db, { tenantId, documentIds }))
}

function openFields(open: readonly OpenField[]): ExportBlock {
  const errors = open.slice(0, openFieldsShownMax).map((field) => ({
    code: `required_field_${field.reason}`,
    detail: `Document ${field.documentId}, template "${field.templateName}", label "${field.labelName}": ${reasons[field.reason]}.`,
  }))
  const count = open.length === 1 ? 'A required field is' : `${open.length} required fields are`
  return { reason: 'required_fields_open', detail: `${count} open.`, errors }
}

function tooManyPages(found: readonly ExportDocument[]): ExportBlock | null {
  const pages = found.reduce((sum, { pageCount }) => sum + (pageCount ?? 0), 0)
  const pagesMax = Math.floor((archiveFilesMax - filesBeside) / filesPerPage)
  if (pages <= pagesMax) return null
  const detail = `An archive holds at most ${pagesMax} pages; these documents have ${pages}.`
  const reason = 'too_many_pages'
  return { reason, detail, errors: [{ code: reason, detail }] }
}
