import * as z from 'zod'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import { Gazetteer } from '../../domain/places/gazetteer.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { suggestInDocument, suggestionJobKind } from './suggesting.ts'
import { countPages } from './suggesting-queries.ts'

const Payload = z.object({
  document_ids: z.array(z.uuid()).min(1),
  collection: z.string().nullable(),
})

/** A document at a time, each in a transaction of its own: an attempt that dies half-way is simply done again. */
const suggest: JobHandler = async ({ deps: { db, now }, job, signal, progress }) => {
  const parsed = Payload.safeParse(job.payload)
  if (!parsed.success) throw new JobFailure('invalid', 'The payload has another form.', true)
  const { tenantId } = job
  const { document_ids: documentIds, collection } = parsed.data
  const pages = await countPages(db, tenantId, documentIds)
  const scope = { tenantId, collection }
  let pagesRead = 0
  const suggesting = {
    ...{ scope, gazetteer: new Gazetteer(db, scope), at: now() },
    pause: () => signal.throwIfAborted(),
    onPage: () => {
      pagesRead += 1
      progress(Math.min(pagesRead, pages), pages)
    },
  }
  const result = { documents: 0, skipped: 0, open: 0, is_shortened: false }
  for (const documentId of documentIds) {
    signal.throwIfAborted()
    const done = await suggestInDocument(db, { tenantId, documentId }, suggesting)
    result[done ? 'documents' : 'skipped'] += 1
    result.open += done?.open ?? 0
    result.is_shortened ||= done?.isShortened ?? false
  }
  return { result }
}

export const jobs: JobKinds = {
  [suggestionJobKind]: { handler: suggest, isolation: 'process', runMsMax: 30 * 60_000 },
}
