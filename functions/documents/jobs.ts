import { blobDeletionJobKind, extractionJobKind } from '../../domain/documents/processing.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { JobHandler } from '../_shared/ports/jobs.ts'
import { extractDocument } from './extraction/extract.ts'

/** Removes bytes whose row is gone. The key belongs to that one upload alone, so no later one can lose its bytes. */
const deleteBlob: JobHandler = async ({ deps, job }) => {
  const key = job.payload.storage_key
  if (typeof key !== 'string') throw new JobFailure('invalid', 'storage_key is missing.', true)
  await deps.storage.delete(key)
  return {}
}

export const jobs: Record<string, JobHandler> = {
  [extractionJobKind]: extractDocument,
  [blobDeletionJobKind]: deleteBlob,
}
