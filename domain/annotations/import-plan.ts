import { UUID, uuidv7obj } from 'uuidv7'
import type { Db } from '../../db/client.ts'
import type { CopiedAnnotation } from './bulk-copy.ts'
import { pageMax } from './bulk-line.ts'
import { findPlaces } from './bulk-queries.ts'
import { labelNameCharactersMax, valueCharactersMax } from './fields.ts'
import type { Annotation, ImportedSet } from './formats/model.ts'
import type { RestoredAnnotation } from './import-restoring.ts'
import type { Target } from './import-targets.ts'

/** What the file says of a region beyond its fields; outlines have thousands of points. */
const attributesCharactersMax = 256 * 1024
const faultsMax = 100

/** What an import is about to make and to bring back. `existing` counts, by document, what is there already. */
export type ImportPlan = {
  rows: CopiedAnnotation[]
  restored: RestoredAnnotation[]
  existing: ReadonlyMap<string, number>
  faults: { entry: string; reason: string }[]
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/**
 * Decides what is made of each annotation of a file. One that has left Octavo and is still there is left alone, one that
 * was deleted comes back as the file has it; one of another document, or with an id of another kind, gets a new id.
 */
export async function planImport(
  db: Db,
  { annotations }: ImportedSet,
  { tenantId, targets }: { tenantId: string; targets: ReadonlyMap<string, Target> },
): Promise<ImportPlan> {
  const ids = annotations.map(({ id }) => id.toLowerCase()).filter((id) => uuidPattern.test(id))
  const places = await findPlaces(db, tenantId, ids)
  const taken = new Set(places.keys())
  const existing = new Map<string, number>()
  const plan: ImportPlan = { rows: [], restored: [], existing, faults: [] }
  for (const [index, annotation] of annotations.entries()) {
    const target = targets.get(annotation.documentId)
    if (!target) continue
    const id = annotation.id.toLowerCase()
    const place = places.get(id)
    const isHere = place?.documentId === target.id
    if (isHere && !place.isDeleted) {
      existing.set(target.id, (existing.get(target.id) ?? 0) + 1)
      continue
    }
    // What was on a page that the document had then may come back to it.
    const isOnItsPage = isHere && place.page === annotation.page
    const reason = faultOf(annotation, isOnItsPage ? { ...target, pageCount: null } : target)
    if (reason && plan.faults.length < faultsMax)
      plan.faults.push({ entry: `annotation ${index + 1} (id ${annotation.id})`, reason })
    if (isHere) {
      plan.restored.push({ ...rowOf(annotation, target, UUID.parse(id)), id })
      place.isDeleted = false
      continue
    }
    const isFree = uuidPattern.test(id) && !taken.has(id)
    taken.add(id)
    plan.rows.push(rowOf(annotation, target, isFree ? UUID.parse(id) : uuidv7obj()))
  }
  return plan
}

function faultOf(annotation: Annotation, { pageCount }: Target): string | null {
  const { labelName, value, page, attributes, rotation } = annotation
  const name = labelName.trim()
  if (name === '' || name.length > labelNameCharactersMax)
    return `its label must have 1 to ${labelNameCharactersMax} characters`
  if ((value?.length ?? 0) > valueCharactersMax)
    return `its value may have at most ${valueCharactersMax} characters`
  if (page > (pageCount ?? pageMax)) return `the document has ${pageCount ?? pageMax} pages`
  if (!(Math.abs(rotation) <= 360)) return 'its rotation must be from -360 to 360 degrees'
  if (JSON.stringify(attributes).length > attributesCharactersMax)
    return `its attributes may have at most ${attributesCharactersMax} characters as JSON`
  return null
}

function rowOf(annotation: Annotation, target: Target, id: UUID): CopiedAnnotation {
  const { page, box, rotation, labelType, labelName, value } = annotation
  const { attributes, confidence, source, validation } = annotation
  const [x, y, width, height] = box
  return {
    ...{ id: null, newId: id.bytes, documentId: target.id, page, x, y, width, height, rotation },
    ...{ labelType, labelName: labelName.trim(), value, attributes: JSON.stringify(attributes) },
    ...{ confidence, source, validation },
  }
}
