import type { Tx } from '../../db/client.ts'
import { copyIn } from '../../db/copy.ts'
import { CopyWriter, encodeFields, textBytesMax } from '../../db/copy-writer.ts'
import { analyzeNew } from '../../db/new-statistics.ts'
import type { Validation } from '../../db/schema/annotations.ts'
import type { StatedAnnotation } from './bulk-line.ts'

/** An annotation that is about to be made. */
export type CopiedAnnotation = StatedAnnotation & { newId: Uint8Array; validation: Validation }

type Origin = { tenantId: string; userId: string; at: Date }

const ownColumns = [
  ...['id', 'document_id', 'page', 'x', 'y', 'width', 'height', 'rotation', 'label_type'],
  ...['label_name', 'value', 'attributes', 'confidence', 'source', 'validation'],
  ...['validated_by_user_id', 'validated_at'],
]
const sharedColumns = [
  ...['tenant_id', 'created_by_user_id', 'updated_by_user_id', 'created_at', 'updated_at'],
]
const columns = [...ownColumns, ...sharedColumns]
const copyAnnotationsText = `copy annotations (${columns.join(', ')}) from stdin (format binary)`
const versionColumns = [
  'annotation_id',
  'content',
  'tenant_id',
  'version',
  'change',
  'user_id',
  'at',
]
const copyVersionsText = `copy annotation_versions (${versionColumns.join(', ')}) from stdin (format binary)`

// Ids, numbers, lengths and the short names of types; texts come on top.
const fixedBytesMax = 512

/**
 * Makes annotations with their first versions: two COPY. Webhooks are told by the caller.
 * @throws a duplicate id (23505) or a document that is gone (23503); the transaction is over then
 */
export async function copyAnnotations(
  tx: Tx,
  origin: Origin,
  rows: readonly CopiedAnnotation[],
): Promise<void> {
  const annotations = collected()
  const versions = collected()
  const shared = sharedFields(origin)
  for (const row of rows) {
    const texts = textsOf(row)
    writeAnnotation(annotations.writer, { row, shared, bytesMax: texts.bytesMax })
    writeVersion(versions.writer, { row, shared, content: texts.content })
  }
  await copyIn(tx, copyAnnotationsText, annotations.end())
  await copyIn(tx, copyVersionsText, versions.end())
}

type Shared = { annotation: Uint8Array; version: Uint8Array; validated: Uint8Array }

function sharedFields({ tenantId, userId, at }: Origin): Shared {
  const tenant = { type: 'uuid', value: tenantId } as const
  const user = { type: 'uuid', value: userId } as const
  const time = { type: 'timestamptz', atMicros: at.getTime() * 1000 } as const
  const first = { type: 'int4', value: 1 } as const
  const change = { type: 'text', value: 'create' } as const
  return {
    annotation: encodeFields([tenant, user, user, time, time]),
    version: encodeFields([tenant, first, change, user, time]),
    validated: encodeFields([user, time]),
  }
}

const notValidated = encodeFields([null, null])

function collected() {
  const chunks: Uint8Array[] = []
  const writer = new CopyWriter((chunk) => chunks.push(chunk))
  return { writer, end: () => [...chunks, writer.end()] }
}

// Fewer cost little, however they are checked.
const manyRows = 500

/** After the first of many rows: the next ones are then checked by plans for a table that has some. */
export async function countNewAnnotations(tx: Tx, rows: readonly unknown[]): Promise<void> {
  if (rows.length >= manyRows)
    await analyzeNew(tx, ['annotations', 'annotation_versions', 'documents'])
}

/** What history keeps, as `contentOf` shapes it; and how large the texts of the row are. */
function textsOf(row: CopiedAnnotation): { content: string; bytesMax: number } {
  const { x, y, width, height, rotation, labelType, labelName, value, attributes } = row
  const content =
    `{"box":[${x},${y},${width},${height}],"rotation":${rotation},"label_type":"${labelType}"` +
    `,"label_name":${JSON.stringify(labelName)},"value":${JSON.stringify(value)}` +
    `,"attributes":${attributes},"confidence":${row.confidence}` +
    `,"validation":"${row.validation}","is_deleted":false}`
  return { content, bytesMax: textBytesMax(content) }
}

function writeAnnotation(
  writer: CopyWriter,
  { row, shared, bytesMax }: { row: CopiedAnnotation; shared: Shared; bytesMax: number },
): void {
  // The content holds every text of the row, and names around them.
  writer.row(columns.length, fixedBytesMax + bytesMax)
  writer.uuidOfBytes(row.newId)
  writer.uuid(row.documentId)
  writer.int4(row.page)
  writer.float8(row.x)
  writer.float8(row.y)
  writer.float8(row.width)
  writer.float8(row.height)
  writer.float8(row.rotation)
  writer.text(row.labelType)
  writer.text(row.labelName)
  if (row.value === null) writer.null()
  else writer.text(row.value)
  writer.jsonb(row.attributes)
  if (row.confidence === null) writer.null()
  else writer.float8(row.confidence)
  writer.text(row.source)
  writer.text(row.validation)
  writer.bytes(row.validation === 'pending' ? notValidated : shared.validated)
  writer.bytes(shared.annotation)
}

function writeVersion(
  writer: CopyWriter,
  { row, shared, content }: { row: CopiedAnnotation; shared: Shared; content: string },
): void {
  writer.row(versionColumns.length, fixedBytesMax + textBytesMax(content))
  writer.uuidOfBytes(row.newId)
  writer.jsonb(content)
  writer.bytes(shared.version)
}
