import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { artifacts, channels } from '../../db/schema/index.ts'
import { isVisibleTo, type Reader } from '../channels/access.ts'

/** An artifact without its indexed text. */
export type ArtifactRow = Omit<typeof artifacts.$inferSelect, 'text' | 'textNumber' | 'search'>

export const artifactColumns = {
  tenantId: artifacts.tenantId,
  id: artifacts.id,
  title: artifacts.title,
  mediaType: artifacts.mediaType,
  channelId: artifacts.channelId,
  messageId: artifacts.messageId,
  documentId: artifacts.documentId,
  createdByUserId: artifacts.createdByUserId,
  latestNumber: artifacts.latestNumber,
  status: artifacts.status,
  model: artifacts.model,
  version: artifacts.version,
  createdAt: artifacts.createdAt,
  updatedAt: artifacts.updatedAt,
}

/**
 * SQL: may the reader know of the artifact? Whoever sees its channel; without one, everybody of the tenant but guests. The
 * statement has `artifacts` under its own name in its FROM.
 */
export function isArtifactVisibleTo(reader: Reader): SQL {
  const inChannel = sql`exists (select 1 from ${channels} where ${and(
    eq(channels.tenantId, reader.tenantId),
    eq(channels.id, artifacts.channelId),
    isVisibleTo(reader),
  )})`
  if (reader.role === 'guest') return inChannel
  return sql`(${artifacts.channelId} is null or ${inChannel})`
}

/** @returns `null` for one that does not exist and for one that is not the reader's to see, alike */
export async function findVisibleArtifact(
  db: Db | Tx,
  reader: Reader,
  id: string,
): Promise<ArtifactRow | null> {
  const [row] = await db
    .select(artifactColumns)
    .from(artifacts)
    .where(
      and(
        eq(artifacts.tenantId, reader.tenantId),
        eq(artifacts.id, id),
        isArtifactVisibleTo(reader),
      ),
    )
  return row ?? null
}
