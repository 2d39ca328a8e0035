import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import {
  artifacts,
  artifactVersions,
  channelHeads,
  documentPages,
  documents,
} from '../../db/schema/index.ts'
import { holdLease, type Lease } from '../jobs/lease.ts'
import { type ArtifactRow, artifactColumns } from './access.ts'
import { dropPieces } from './pieces.ts'
import {
  grownArtifact,
  holdArtifact,
  ofVersion,
  type VersionKey,
  type VersionRow,
} from './versions.ts'

/** A version and the job that writes it. */
export type VersionOfJob = VersionKey & { jobId: string }

const written = ({ jobId, ...key }: VersionOfJob) =>
  and(ofVersion(key), eq(artifactVersions.jobId, jobId), eq(artifactVersions.status, 'streaming'))

export type Writer = { provider: string; model: string; isRepeatable: boolean }
export type Begun = { version: VersionRow; artifact: ArtifactRow }

/**
 * An attempt begins, or goes on where another one stopped. When the same words will not come again, what is there is
 * dropped and the version begins anew, in the next epoch: readers are told, and bytes of two answers are never mixed.
 * @returns `null`: the version is gone, or has ended
 * @throws {LeaseLost}
 */
export async function beginGeneration(
  tx: Tx,
  lease: Lease,
  { of, by }: { of: VersionOfJob; by: Writer },
): Promise<Begun | null> {
  await holdLease(tx, lease)
  const artifact = await holdArtifact(tx, { tenantId: of.tenantId, id: of.artifactId })
  const [row] = await tx.select().from(artifactVersions).where(written(of)).for('update')
  if (!row || !artifact) return null
  const model = row.model ?? by.model
  const isSame = by.isRepeatable && row.provider === by.provider
  if (row.sizeBytes > 0 && !isSame) await restartVersion(tx, of)
  const [version] = await tx
    .update(artifactVersions)
    .set({ provider: by.provider, model, version: sql`${artifactVersions.version} + 1` })
    .where(written(of))
    .returning()
  if (artifact.latestNumber === of.number && artifact.model !== model)
    await tx
      .update(artifacts)
      .set({ model, ...grownArtifact(artifact.updatedAt) })
      .where(and(eq(artifacts.tenantId, of.tenantId), eq(artifacts.id, of.artifactId)))
  return version ? { version, artifact } : null
}

/** Drops what is written: offsets count from 0 again, in the next epoch. */
export async function restartVersion(tx: Tx, of: VersionOfJob): Promise<void> {
  const { epoch, version } = artifactVersions
  const [row] = await tx
    .update(artifactVersions)
    .set({ epoch: sql`${epoch} + 1`, sizeBytes: 0, version: sql`${version} + 1` })
    .where(written(of))
    .returning({ epoch })
  const { tenantId, artifactId, number } = of
  if (row) await dropPieces(tx, { tenantId, artifactId, number, epoch: row.epoch - 1 })
}

/** The artifact of a job, whoever may see it. */
export async function findArtifactForJob(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<ArtifactRow | null> {
  const [row] = await tx
    .select(artifactColumns)
    .from(artifacts)
    .where(and(eq(artifacts.tenantId, tenantId), eq(artifacts.id, id)))
  return row ?? null
}

/** Holds the channel in which something of the artifact will be said, whoever may see it. */
export async function holdChannelOf(
  tx: Tx,
  { tenantId, channelId }: { tenantId: string; channelId: string | null },
): Promise<void> {
  if (channelId === null) return
  await tx
    .select({ eventSeq: channelHeads.eventSeq })
    .from(channelHeads)
    .where(and(eq(channelHeads.tenantId, tenantId), eq(channelHeads.channelId, channelId)))
    .for('update')
}

const pagesRead = 20 // in one statement

/** The text of a document as far as it fits; pages that could not be read say nothing. */
export async function documentTextOf(
  db: Db,
  { tenantId, documentId }: { tenantId: string; documentId: string },
  charsMax: number,
): Promise<{ title: string; text: string } | null> {
  const [document] = await db
    .select({ title: sql<string>`coalesce(${documents.title}, ${documents.filename})` })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, documentId)))
  if (!document) return null
  const { number, text: pageText } = documentPages
  const ofDocument = [
    eq(documentPages.tenantId, tenantId),
    eq(documentPages.documentId, documentId),
  ]
  let text = ''
  for (let last = 0; text.length < charsMax; ) {
    const pages = await db
      .select({ number, text: pageText })
      .from(documentPages)
      .where(and(...ofDocument, gt(number, last)))
      .orderBy(asc(number))
      .limit(pagesRead)
    if (pages.length === 0) break
    text += pages.map((page) => `${page.text}\n\n`).join('')
    last = pages.at(-1)?.number ?? last
  }
  return { title: document.title, text: text.slice(0, charsMax).toWellFormed() }
}
