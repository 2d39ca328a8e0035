import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Tx } from '../../db/client.ts'
import {
  type ArtifactUsage,
  artifactPieces,
  artifacts,
  artifactVersions,
} from '../../db/schema/index.ts'
import { appendChannelEvents } from '../channels/events.ts'
import type { ArtifactRow } from './access.ts'
import type { PiecesOf } from './pieces.ts'
import { grownArtifact, ofVersion, type VersionRow } from './versions.ts'

export type Completion = {
  of: PiecesOf
  sizeBytes: number // all that it has, as the caller knows it
  text: string | null // what is indexed of it
  usage?: ArtifactUsage
  actorUserId: string | null
  at: Date
}

/**
 * Ends an open version as complete: digest, indexed text, and the word to its channel are there together. The artifact is
 * held by the caller, and its channel before it.
 * @returns `null`: it has ended, or has other bytes than the caller knows of
 */
export async function completeVersion(
  tx: Tx,
  artifact: ArtifactRow,
  { of, sizeBytes, text, usage, actorUserId, at }: Completion,
): Promise<VersionRow | null> {
  const digest = sql`(select sha256(coalesce(string_agg(p.bytes, ''::bytea order by p.offset_bytes), ''::bytea))
    from ${artifactPieces} p where p.tenant_id = ${of.tenantId} and p.artifact_id = ${of.artifactId}
      and p.number = ${of.number} and p.epoch = ${of.epoch})`
  const [row] = await tx
    .update(artifactVersions)
    .set({
      ...{ status: 'completed', sha256: digest, endedAt: at },
      ...(usage && { usage }),
      version: sql`${artifactVersions.version} + 1`,
    })
    .where(
      and(
        ofVersion(of),
        eq(artifactVersions.status, 'streaming'),
        eq(artifactVersions.epoch, of.epoch),
        eq(artifactVersions.sizeBytes, sizeBytes),
      ),
    )
    .returning()
  if (!row) return null
  await showCompleted(tx, { artifact, row, text, at })
  await tellChannel(tx, artifact, {
    ...{ type: 'artifact.completed', actorUserId, at },
    data: { number: row.number, size_bytes: row.sizeBytes },
  })
  return row
}

type Shown = { artifact: ArtifactRow; row: VersionRow; text: string | null; at: Date }

/** The artifact follows its latest version, and search the latest complete one. */
async function showCompleted(tx: Tx, { artifact, row, text, at }: Shown): Promise<void> {
  const { tenantId, id } = artifact
  const isNewer = sql`coalesce(${artifacts.textNumber}, 0) < ${row.number}::int`
  await tx
    .update(artifacts)
    .set({
      ...grownArtifact(at),
      status: sql`case when ${artifacts.latestNumber} = ${row.number}::int then 'completed' else ${artifacts.status} end`,
      ...(text !== null && {
        text: sql`case when ${isNewer} then ${text}::text else ${artifacts.text} end`,
        textNumber: sql`case when ${isNewer} then ${row.number}::int else ${artifacts.textNumber} end`,
      }),
    })
    .where(and(eq(artifacts.tenantId, tenantId), eq(artifacts.id, id)))
}

type Ending = {
  number: number
  jobId: string | null // that writes it; `null`: callers do
  failure: { code: string; message: string } | null // `null`: it was cancelled
  actorUserId?: string | null
  at: Date
}

/**
 * Ends an open version that will not be complete; what it has stays. The artifact is held by the caller, and its channel
 * before it.
 * @returns `false`: it has ended, or somebody else writes it
 */
export async function endUncompleted(
  tx: Tx,
  artifact: ArtifactRow,
  { number, jobId, failure, actorUserId = null, at }: Ending,
): Promise<boolean> {
  const { tenantId, id: artifactId } = artifact
  const status = failure ? 'failed' : 'cancelled'
  const [row] = await tx
    .update(artifactVersions)
    .set({
      ...{ status, endedAt: at, version: sql`${artifactVersions.version} + 1` },
      ...(failure && { failureCode: failure.code, failureMessage: failure.message }),
    })
    .where(
      and(
        ofVersion({ tenantId, artifactId, number }),
        eq(artifactVersions.status, 'streaming'),
        jobId === null ? isNull(artifactVersions.jobId) : eq(artifactVersions.jobId, jobId),
      ),
    )
    .returning({ number: artifactVersions.number })
  if (!row) return false
  await tx
    .update(artifacts)
    .set({ ...grownArtifact(at), ...(artifact.latestNumber === number && { status }) })
    .where(and(eq(artifacts.tenantId, tenantId), eq(artifacts.id, artifactId)))
  await tellChannel(tx, artifact, {
    ...{ type: 'artifact.ended', actorUserId, at },
    data: { number, status },
  })
  return true
}

type Word = {
  type: Extract<
    Parameters<typeof appendChannelEvents>[1]['events'][number]['type'],
    `artifact.${string}`
  >
  actorUserId: string | null
  data?: Record<string, unknown>
  at: Date
}

/** Says it in the artifact's channel, when it has one. */
export async function tellChannel(
  tx: Tx,
  { tenantId, id, channelId }: ArtifactRow,
  { type, actorUserId, data = {}, at }: Word,
): Promise<void> {
  if (channelId === null) return
  const event = { type, subjectId: id, actorUserId, data }
  await appendChannelEvents(tx, { tenantId, channelId, events: [event], at })
}
