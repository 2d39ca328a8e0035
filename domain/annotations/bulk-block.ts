import { UUID, uuidv7obj } from 'uuidv7'
import type { Db, Tx } from '../../db/client.ts'
import type { Line, LineBlock } from './bulk-blocks.ts'
import { lineBytesMax } from './bulk-blocks.ts'
import type { CopiedAnnotation } from './bulk-copy.ts'
import { type StatedAnnotation, statedAnnotation } from './bulk-line.ts'
import { findPageCounts, findPlaces, type Place } from './bulk-queries.ts'
import type { BlockVerdicts, LineFault, Refusal, VerdictLog } from './bulk-verdicts.ts'

/** How a line is read that is not plain, and which labels may be used. */
export type BulkRules = {
  read(text: string): { stated: StatedAnnotation } | Refusal
  labelFault(name: string): LineFault | null
}

/** Lines of one request. */
export const bulkLinesMax = 1_000_000
const documentsKnownMax = 10_000

/** Lines that state an annotation, by their place; the verdicts on the others are known. */
export type Block = { verdicts: BlockVerdicts; rows: Map<number, CopiedAnnotation> }

/** Reads lines, and gives ids in their order. */
export function readBlock(
  { firstLine, lines }: LineBlock,
  rules: BulkRules,
  log: VerdictLog,
): Block {
  const counted = Math.max(0, Math.min(lines.length, bulkLinesMax + 1 - firstLine))
  const isCut = counted < lines.length && firstLine <= bulkLinesMax + 1
  const verdicts = log.open(firstLine, isCut ? counted + 1 : counted)
  const rows = new Map<number, CopiedAnnotation>()
  for (let place = 0; place < counted; place += 1) {
    const line = lines[place] ?? ''
    if (typeof line === 'string' && line.length < blankCharactersMax && line.trim() === '') continue
    const read = readLine(line, rules)
    if ('stated' in read) rows.set(place, copiedAnnotation(read.stated))
    else verdicts.refuse(place, read)
  }
  if (isCut) verdicts.refuse(counted, tooManyLines)
  return { verdicts, rows }
}

// A shorter one may be blank; a longer one is no blank line that anybody sends.
const blankCharactersMax = 16

const refusal = (code: Refusal['code'], fault: LineFault): Refusal => ({ code, errors: [fault] })
const malformed = (code: string, detail: string): Refusal =>
  refusal('malformed', { pointer: '', code, detail })

const tooManyLines = malformed(
  'too_many_lines',
  `At most ${bulkLinesMax} lines at once: this one and those behind it were not read.`,
)
const unreadable = {
  too_long: malformed('too_long', `A line may have at most ${lineBytesMax} bytes.`),
  not_utf8: malformed('not_utf8', 'The line is not valid UTF-8.'),
}

function readLine(line: Line, rules: BulkRules): { stated: StatedAnnotation } | Refusal {
  if (typeof line !== 'string') return unreadable[line.fault]
  const plain = statedAnnotation(line)
  const read = plain ? { stated: plain } : rules.read(line)
  if (!('stated' in read)) return read
  const fault = rules.labelFault(read.stated.labelName)
  return fault ? refusal('invalid', fault) : read
}

function copiedAnnotation(stated: StatedAnnotation): CopiedAnnotation {
  const newId = stated.id === null ? uuidv7obj().bytes : UUID.parse(stated.id).bytes
  return { ...stated, newId, validation: 'pending' }
}

type Lookup = { on: Db | Tx; tenantId: string; documents: KnownDocuments }

/**
 * Looks up what the lines name, and says of each what becomes of it. It may be asked again.
 * @returns what is to be made
 */
export async function resolveBlock(
  { verdicts, rows }: Block,
  { on, tenantId, documents }: Lookup,
): Promise<CopiedAnnotation[]> {
  await documents.load(on, rows.values())
  const ids = [...rows.values()].flatMap(({ id }) => id ?? [])
  const places = ids.length === 0 ? new Map<string, Place>() : await findPlaces(on, tenantId, ids)
  const made: CopiedAnnotation[] = []
  for (const [place, row] of rows) {
    const known = row.id === null ? undefined : places.get(row.id)
    const fault = known ? otherPlaceFault(known, row) : documents.fault(row)
    if (fault) verdicts.refuse(place, refusal(known ? 'duplicate' : 'invalid', fault))
    else verdicts.set(place, known ? 'exists' : 'created', row.newId)
    if (fault || known) continue
    made.push(row)
    if (row.id !== null) places.set(row.id, row)
  }
  return made
}

function otherPlaceFault({ documentId, page }: Place, row: CopiedAnnotation): LineFault | null {
  if (documentId === row.documentId && page === row.page) return null
  const detail = 'An annotation of another page or document has this id.'
  return { pointer: '/id', code: 'duplicate', detail }
}

/** Page counts of documents that lines name, looked up once; at most so many are remembered. */
export class KnownDocuments {
  readonly #tenantId: string
  readonly #pageCounts = new Map<string, number | null | undefined>()

  constructor(tenantId: string) {
    this.#tenantId = tenantId
  }

  async load(on: Db | Tx, rows: Iterable<{ documentId: string }>): Promise<void> {
    if (this.#pageCounts.size > documentsKnownMax) this.forget()
    const unknown = new Set<string>()
    for (const { documentId } of rows)
      if (!this.#pageCounts.has(documentId)) unknown.add(documentId)
    if (unknown.size === 0) return
    const found = await findPageCounts(on, this.#tenantId, [...unknown])
    for (const id of unknown) this.#pageCounts.set(id, found.get(id))
  }

  forget(): void {
    this.#pageCounts.clear()
  }

  fault({ documentId, page }: Place): LineFault | null {
    const pageCount = this.#pageCounts.get(documentId)
    if (pageCount === undefined)
      return {
        pointer: '/document_id',
        code: 'not_found',
        detail: 'There is no such document, or it is in the trash.',
      }
    if (pageCount === null || page <= pageCount) return null
    return { pointer: '/page', code: 'not_found', detail: `The document has ${pageCount} pages.` }
  }
}
