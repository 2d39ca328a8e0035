import { and, desc, eq, inArray, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { artifacts, artifactVersions, documents, messages } from '../../db/schema/index.ts'
import {
  type ArtifactRow,
  artifactColumns,
  isArtifactVisibleTo,
} from '../../domain/artifacts/access.ts'
import { grownArtifact, type VersionRow } from '../../domain/artifacts/versions.ts'
import type { Reader } from '../../domain/channels/access.ts'

type ListArtifacts = {
  channelId?: string | undefined
  messageId?: string | undefined
  documentId?: string | undefined
  createdBy?: string | undefined
  status?: ArtifactRow['status'] | undefined
  model?: string | undefined
  before: string | null
  limit: number
}

/** Newest first: ids are UUIDv7, so their order is that of creation. */
export const listArtifactRows = (
  db: Db,
  reader: Reader,
  { channelId, messageId, documentId, createdBy, status, model, before, limit }: ListArtifacts,
): Promise<ArtifactRow[]> =>
  db
    .select(artifactColumns)
    .from(artifacts)
    .where(
      and(
        eq(artifacts.tenantId, reader.tenantId),
        channelId ? eq(artifacts.channelId, channelId) : undefined,
        messageId ? eq(artifacts.messageId, messageId) : undefined,
        documentId ? eq(artifacts.documentId, documentId) : undefined,
        createdBy ? eq(artifacts.createdByUserId, createdBy) : undefined,
        status ? eq(artifacts.status, status) : undefined,
        model ? eq(artifacts.model, model) : undefined,
        before === null ? undefined : lt(artifacts.id, before),
        isArtifactVisibleTo(reader),
      ),
    )
    .orderBy(desc(artifacts.id))
    .limit(limit)

/** Newest first. */
export const listVersionRows = (
  db: Db,
  { tenantId, id }: { tenantId: string; id: string },
  { before, limit }: { before: number | null; limit: number },
): Promise<VersionRow[]> =>
  db
    .select()
    .from(artifactVersions)
    .where(
      and(
        eq(artifactVersions.tenantId, tenantId),
        eq(artifactVersions.artifactId, id),
        before === null ? undefined : lt(artifactVersions.number, before),
      ),
    )
    .orderBy(desc(artifactVersions.number))
    .limit(limit)

/** Those of the documents that are in the trash. */
export async function findTrashed(
  tx: Tx,
  tenantId: string,
  ids: readonly (string | null)[],
): Promise<ReadonlySet<string>> {
  const known = ids.filter((id) => id !== null)
  if (known.length === 0) return new Set()
  const rows = await tx
    .select({ id: documents.id })
    .from(documents)
    .where(
      and(
        eq(documents.tenantId, tenantId),
        inArray(documents.id, known),
        isNotNull(documents.trashedAt),
      ),
    )
  return new Set(rows.map(({ id }) => id))
}

/** The channel of a message that has not been deleted. */
export async function findChannelOfMessage(
  tx: Tx,
  tenantId: string,
  id: string,
): Promise<string | null> {
  const [row] = await tx
    .select({ channelId: messages.channelId })
    .from(messages)
    .where(and(eq(messages.tenantId, tenantId), eq(messages.id, id), isNull(messages.deletedAt)))
  return row?.channelId ?? null
}

/** Held, so that it cannot go before what is linked to it is there. */
export async function holdDocument(tx: Tx, tenantId: string, id: string): Promise<boolean> {
  const rows = await tx
    .select({ id: documents.id })
    .from(documents)
    .where(and(eq(documents.tenantId, tenantId), eq(documents.id, id)))
    .for('key share')
  return rows.length > 0
}

type NewArtifactRow = Omit<
  typeof artifacts.$inferInsert,
  'search' | 'version' | 'latestNumber' | 'createdAt' | 'updatedAt'
>

export async function insertArtifact(
  tx: Tx,
  row: NewArtifactRow & { at: Date },
): Promise<ArtifactRow> {
  const { at, ...values } = row
  const [inserted] = await tx
    .insert(artifacts)
    .values({ ...values, createdAt: at, updatedAt: at })
    .returning(artifactColumns)
  if (!inserted) throw new Error('an insert returned no row')
  return inserted
}

export async function insertVersion(
  tx: Tx,
  row: typeof artifactVersions.$inferInsert,
): Promise<VersionRow> {
  const [inserted] = await tx.insert(artifactVersions).values(row).returning()
  if (!inserted) throw new Error('an insert returned no row')
  return inserted
}

const owned = ({ tenantId, id }: { tenantId: string; id: string }) =>
  and(eq(artifacts.tenantId, tenantId), eq(artifacts.id, id))

type ArtifactPatch = Partial<
  Pick<
    typeof artifacts.$inferInsert,
    'title' | 'latestNumber' | 'status' | 'model' | 'text' | 'textNumber'
  >
>

/** Changes a held artifact: its version grows. */
export async function saveArtifact(
  tx: Tx,
  artifact: ArtifactRow,
  { at, ...patch }: ArtifactPatch & { at: Date },
): Promise<ArtifactRow> {
  const [row] = await tx
    .update(artifacts)
    .set({ ...patch, ...grownArtifact(at) })
    .where(owned(artifact))
    .returning(artifactColumns)
  if (!row) throw new Error('a held artifact is gone')
  return row
}

export async function deleteArtifactRow(tx: Tx, artifact: ArtifactRow): Promise<void> {
  await tx.delete(artifacts).where(owned(artifact))
}

/** The jobs that still write to the artifact. */
export async function listOpenJobIds(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<string[]> {
  const { jobId, status } = artifactVersions
  const rows = await tx
    .select({ jobId })
    .from(artifactVersions)
    .where(
      and(
        eq(artifactVersions.tenantId, tenantId),
        eq(artifactVersions.artifactId, id),
        eq(status, 'streaming'),
        isNotNull(jobId),
      ),
    )
  return rows.flatMap((row) => row.jobId ?? [])
}
