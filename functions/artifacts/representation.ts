import type * as z from 'zod'
import type { ArtifactRow } from '../../domain/artifacts/access.ts'
import type { VersionRow } from '../../domain/artifacts/versions.ts'
import { toHex } from '../_shared/access/keys.ts'
import type { Artifact, ArtifactVersion } from './contract-fields.ts'

const urlsOf = (id: string, number: number) => {
  const base = `/v1/artifacts/${id}/versions/${number}`
  return { content: `${base}/content`, stream: `${base}/stream` }
}

export const toArtifact = (row: ArtifactRow): z.input<typeof Artifact> => ({
  id: row.id,
  title: row.title,
  media_type: row.mediaType,
  channel_id: row.channelId,
  message_id: row.messageId,
  document_id: row.documentId,
  latest_number: row.latestNumber,
  status: row.status,
  model: row.model,
  created_by: row.createdByUserId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
  urls: { versions: `/v1/artifacts/${row.id}/versions`, ...urlsOf(row.id, row.latestNumber) },
})

export const toVersion = (row: VersionRow): z.input<typeof ArtifactVersion> => ({
  artifact_id: row.artifactId,
  number: row.number,
  status: row.status,
  provider: row.provider,
  model: row.model,
  prompt: row.prompt,
  parameters: row.parameters,
  include_document: row.includesDocument,
  job_id: row.jobId,
  reverted_from: row.revertedFrom,
  epoch: row.epoch,
  size_bytes: row.sizeBytes,
  sha256: row.sha256 && toHex(row.sha256),
  usage: row.usage,
  failure:
    row.failureCode === null ? null : { code: row.failureCode, message: row.failureMessage ?? '' },
  created_by: row.createdByUserId,
  version: row.version,
  created_at: row.createdAt.toISOString(),
  ended_at: row.endedAt?.toISOString() ?? null,
  urls: urlsOf(row.artifactId, row.number),
})
