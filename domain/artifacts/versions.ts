import { and, eq, sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { artifacts, artifactVersions } from '../../db/schema/index.ts'
import type { Reader } from '../channels/access.ts'
import { type ArtifactRow, artifactColumns, isArtifactVisibleTo } from './access.ts'

/** Names one version of one artifact. */
export type VersionKey = { tenantId: string; artifactId: string; number: number }
export type VersionRow = typeof artifactVersions.$inferSelect

export const ofVersion = ({ tenantId, artifactId, number }: VersionKey) =>
  and(
    eq(artifactVersions.tenantId, tenantId),
    eq(artifactVersions.artifactId, artifactId),
    eq(artifactVersions.number, number),
  )

export async function findVersion(db: Db | Tx, key: VersionKey): Promise<VersionRow | null> {
  const [row] = await db.select().from(artifactVersions).where(ofVersion(key))
  return row ?? null
}

export type SeenVersion = { artifact: ArtifactRow; version: VersionRow }

/** @returns `null` when there is no such version for this reader */
export async function findVisibleVersion(
  db: Db | Tx,
  reader: Reader,
  { artifactId, number }: { artifactId: string; number: number },
): Promise<SeenVersion | null> {
  const { tenantId } = reader
  const [row] = await db
    .select({ artifact: artifactColumns, version: artifactVersions })
    .from(artifacts)
    .innerJoin(artifactVersions, ofVersion({ tenantId, artifactId, number }))
    .where(
      and(
        eq(artifacts.tenantId, tenantId),
        eq(artifacts.id, artifactId),
        isArtifactVisibleTo(reader),
      ),
    )
  return row ?? null
}

/** The artifact, held until the transaction ends; behind its channel, when it has one. */
export async function holdArtifact(
  tx: Tx,
  { tenantId, id }: { tenantId: string; id: string },
): Promise<ArtifactRow | null> {
  const [row] = await tx
    .select(artifactColumns)
    .from(artifacts)
    .where(and(eq(artifacts.tenantId, tenantId), eq(artifacts.id, id)))
    .for('update')
  return row ?? null
}

/** The artifact has changed: by its version, so that its ETag does. */
export const grownArtifact = (at: Date) => ({
  version: sql`${artifacts.version} + 1`,
  updatedAt: at,
})
