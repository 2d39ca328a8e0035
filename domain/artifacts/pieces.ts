import { and, asc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { artifactPieces, artifactVersions, pieceBytesMax } from '../../db/schema/index.ts'
import type { VersionKey } from './versions.ts'

/** The bytes of a version since its provider began (anew). */
export type PiecesOf = VersionKey & { epoch: number }

const piecesRead = 8 // in one statement: at most 2 MiB

const ofPieces = ({ tenantId, artifactId, number, epoch }: PiecesOf) =>
  and(
    eq(artifactPieces.tenantId, tenantId),
    eq(artifactPieces.artifactId, artifactId),
    eq(artifactPieces.number, number),
    eq(artifactPieces.epoch, epoch),
  )

/** The version was deleted, or its provider began anew, while its bytes were read. */
export class PiecesGone extends Error {
  constructor({ artifactId, number }: VersionKey) {
    super(`The bytes of version ${number} of artifact ${artifactId} are gone.`)
    this.name = 'PiecesGone'
  }
}

/**
 * The stored bytes from `start` up to `end`, a piece at a time.
 * @param range in bytes; `end` is not one of them, and all of them must be stored
 * @throws {PiecesGone}
 */
export async function* readPieces(
  db: Db | Tx,
  of: PiecesOf,
  { start, end }: { start: number; end: number },
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let at = start; at < end; ) {
    const rows = await piecesFrom(db, of, { at, end })
    if (rows.length === 0) throw new PiecesGone(of)
    for (const { offsetBytes, bytes } of rows) {
      const part = bytes.subarray(at - offsetBytes, end - offsetBytes)
      if (offsetBytes > at || part.byteLength === 0) throw new PiecesGone(of)
      yield new Uint8Array(part)
      at += part.byteLength
    }
  }
}

function piecesFrom(db: Db | Tx, of: PiecesOf, { at, end }: { at: number; end: number }) {
  const { offsetBytes, bytes } = artifactPieces
  const first = sql`(select offset_bytes from ${artifactPieces}
    where ${ofPieces(of)} and offset_bytes <= ${at}::int order by offset_bytes desc limit 1)`
  return db
    .select({ offsetBytes, bytes })
    .from(artifactPieces)
    .where(and(ofPieces(of), gte(offsetBytes, first), lt(offsetBytes, end)))
    .orderBy(asc(offsetBytes))
    .limit(piecesRead)
}

export type NewPiece = {
  offsetBytes: number
  bytes: Uint8Array // 1 to `pieceBytesMax`
  /** The job that writes; `null`: a caller. A version takes bytes of one of the two alone. */
  jobId: string | null
}

/**
 * Adds bytes to a version that is open and ends at exactly `offsetBytes`: of several who do one wins, and each byte is
 * stored once. One statement, so that nothing half is left whenever its sender dies.
 * @returns `false`: it has ended, or does not end there (any more)
 */
export async function appendPiece(
  db: Db | Tx,
  { tenantId, artifactId, number, epoch }: PiecesOf,
  { offsetBytes, bytes, jobId }: NewPiece,
): Promise<boolean> {
  const rows = await db.execute(sql`
    with grown as (
      update ${artifactVersions} set size_bytes = size_bytes + ${bytes.byteLength}::int, version = version + 1
      where tenant_id = ${tenantId} and artifact_id = ${artifactId} and number = ${number}
        and status = 'streaming' and epoch = ${epoch} and size_bytes = ${offsetBytes}
        and job_id is not distinct from ${jobId}::uuid
      returning tenant_id, artifact_id, number, epoch
    )
    insert into ${artifactPieces} (tenant_id, artifact_id, number, epoch, offset_bytes, bytes)
    select tenant_id, artifact_id, number, epoch, ${offsetBytes}::int, ${bytes}::bytea from grown
    returning offset_bytes`)
  return rows.length > 0
}

/** The same bytes in parts of which each may be stored as one piece. */
export function* storable(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let start = 0; start < bytes.byteLength; start += pieceBytesMax)
    yield bytes.subarray(start, start + pieceBytesMax)
}

/** Stores the whole content of a new version. */
export async function insertPieces(tx: Tx, of: PiecesOf, content: Uint8Array): Promise<void> {
  let offsetBytes = 0
  for (const bytes of storable(content)) {
    await tx.insert(artifactPieces).values({ ...of, offsetBytes, bytes })
    offsetBytes += bytes.byteLength
  }
}

/** Gives a new version the bytes of another one. */
export async function copyPieces(tx: Tx, from: PiecesOf, number: number): Promise<void> {
  await tx.execute(sql`
    insert into ${artifactPieces} (tenant_id, artifact_id, number, epoch, offset_bytes, bytes)
    select tenant_id, artifact_id, ${number}::int, 0, offset_bytes, bytes from ${artifactPieces}
    where ${ofPieces(from)}`)
}

/** Drops what a provider had written before it has to begin anew. */
export async function dropPieces(tx: Tx, of: PiecesOf): Promise<void> {
  await tx.delete(artifactPieces).where(ofPieces(of))
}
