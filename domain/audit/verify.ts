import { and, desc, eq } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { auditLog } from '../../db/schema/index.ts'
import { auditHash, chainStart } from './canonical.ts'
import { type ChainRow, exactJson, readChain } from './reading.ts'

/**
 * What is wrong at a place of a chain. `altered`: the row is not what was written. `rewritten`: it is whole in itself, and
 * not the row that the next one was made after. `missing`: rows `seq` to `untilSeq` are gone.
 */
export type AuditFault =
  | { reason: 'altered' | 'rewritten'; seq: number; id: string; action: string; at: string }
  | { reason: 'missing'; seq: number; untilSeq: number }

/** Where a check has come to: all that the next row is compared with. `seq` is `null` before the first row. */
export type ChainPlace = {
  seq: number | null
  /** What the next row may follow: the hash that the last one carries, and the one that it should. */
  hashes: readonly Uint8Array[]
  /** The last row, to be named when the next one followed another; `null` when it is named already. */
  last: Pick<ChainRow, 'seq' | 'id' | 'action' | 'createdAt'> | null
}

export const chainBeginning: ChainPlace = { seq: null, hashes: [chainStart], last: null }

type Step = { place: ChainPlace; faults: AuditFault[] }

const named = (
  reason: 'altered' | 'rewritten',
  { seq, id, action, createdAt }: NonNullable<ChainPlace['last']>,
): AuditFault => ({ reason, seq, id, action, at: createdAt })

async function step(place: ChainPlace, row: ChainRow): Promise<Step> {
  const { prevHash, hash, detail, ...content } = row
  const expected = await auditHash(prevHash, { ...content, detail: detailOf(detail) })
  const isWhole = isEqual(hash, expected) && row.seq > 0
  const gap = gapBefore(place, row.seq)
  const isLinked = gap !== null || place.hashes.some((known) => isEqual(known, prevHash))
  const faults = gap === null ? [] : [gap]
  // A whole row after another hash than that of the row before: it is the one before that was exchanged.
  const exchanged = isWhole && !isLinked && place.last ? [named('rewritten', place.last)] : []
  const isAltered = !isWhole || (!isLinked && place.seq === null)
  return {
    faults: [...faults, ...exchanged, ...(isAltered ? [named('altered', row)] : [])],
    place: {
      seq: row.seq,
      hashes: isWhole ? [hash] : [hash, expected],
      last: isAltered ? null : row,
    },
  }
}

// The type is that of what we write; what lies there may be any JSON.
const detailOf = (text: string) => exactJson(text) as Record<string, unknown>

function gapBefore({ seq }: ChainPlace, next: number): AuditFault | null {
  const awaited = Math.max(1, (seq ?? 0) + 1)
  return next > awaited ? { reason: 'missing', seq: awaited, untilSeq: next - 1 } : null
}

export type ChainPart = { rows: number; faults: AuditFault[]; place: ChainPlace; isEnd: boolean }

// One page in memory at a time, whatever the length of the chain.
const pageRows = 1_000

/**
 * Checks a part of a tenant's chain, from a place on. Rows cut off at the end leave no trace in a chain: compare its head
 * with one that was noted elsewhere.
 * @param rowsMax where to stop at the latest, but for the rest of a page of 1,000
 */
export async function verifyPart(
  db: Db | Tx,
  { tenantId, from, rowsMax }: { tenantId: string; from: ChainPlace; rowsMax: number },
): Promise<ChainPart> {
  const faults: AuditFault[] = []
  let [place, rows] = [from, 0]
  for (;;) {
    const limit = Math.min(pageRows, rowsMax - rows)
    const page = await readChain(db, { tenantId, afterSeq: place.seq, limit })
    for (const row of page) {
      const next = await step(place, row)
      faults.push(...next.faults)
      place = next.place
    }
    rows += page.length
    const isEnd = page.length < limit
    if (isEnd || rows >= rowsMax) return { rows, faults, place, isEnd }
  }
}

/** Goes through a whole chain, a page at a time. */
export async function* verifyChain(db: Db | Tx, tenantId: string): AsyncGenerator<ChainPart> {
  let part: ChainPart = { rows: 0, faults: [], place: chainBeginning, isEnd: false }
  while (!part.isEnd) {
    part = await verifyPart(db, { tenantId, from: part.place, rowsMax: pageRows })
    yield part
  }
}

/** The end of a chain; whoever notes it elsewhere can tell later whether rows were cut off. */
export type ChainHead = { seq: number; hash: Uint8Array }

/** @returns `null` for an empty chain */
export async function readHead(db: Db | Tx, tenantId: string): Promise<ChainHead | null> {
  const [row] = await db
    .select({ seq: auditLog.seq, hash: auditLog.hash })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenantId))
    .orderBy(desc(auditLog.seq))
    .limit(1)
  return row ?? null
}

/** Is a head that was noted once still part of the chain? `missing`: its rows are gone; `other`: they are not the same. */
export async function compareHead(
  db: Db | Tx,
  tenantId: string,
  { seq, hash }: ChainHead,
): Promise<'same' | 'missing' | 'other'> {
  const [row] = await db
    .select({ hash: auditLog.hash })
    .from(auditLog)
    .where(and(eq(auditLog.tenantId, tenantId), eq(auditLog.seq, seq)))
  if (!row) return 'missing'
  return isEqual(row.hash, hash) ? 'same' : 'other'
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])
