import { drawingJobKind } from '../../domain/documents/page-images.ts'
import { pageJobKind } from '../../domain/documents/page-parts.ts'
import { blobDeletionJobKind, extractionJobKind } from '../../domain/documents/processing.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { drawPageImages } from './drawing-jobs.ts'
import { extractDocument } from './extraction/extract.ts'
import { readOnePage } from './ocr/read-page.ts'

/** Removes bytes whose row is gone. The key belongs to that one upload alone, so no later one can lose its bytes. */
const deleteBlob: JobHandler = async ({ deps, job }) => {
  const key = job.payload.storage_key
  if (typeof key !== 'string') throw new JobFailure('invalid', 'storage_key is missing.', true)
  await deps.storage.delete(key)
  return {}
}

export const jobs: JobKinds = {
  [extractionJobKind]: extractDocument,
  // One at a time, unless the host says otherwise: pictures take a hundred times as long as text layers.
  [pageJobKind]: { handler: readOnePage, concurrency: 1 },
  // Whoever waits for a picture asks again, so a failed attempt need not wait long; and reading goes on beside them.
  [drawingJobKind]: {
    handler: drawPageImages,
    retryMs: 200,
    placesShare: 0.5,
    history: 'unsuccessful',
  },
  [blobDeletionJobKind]: deleteBlob,
}
