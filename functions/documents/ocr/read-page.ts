import { storePage } from '../../../domain/documents/page-parts.ts'
import { JobFailure } from '../../../domain/jobs/outcome.ts'
import type { JobCompletion, JobContext } from '../../_shared/ports/jobs.ts'
import { type ExtractedPage, ExtractionFailure, unreadPage } from '../extraction/protocol.ts'
import { ChildFailure, runExtraction } from '../extraction/run.ts'
import { openSource, type Source } from '../extraction/source.ts'

/**
 * Reads one page of a document in a process of its own, its picture too when its text is to come from there. A page
 * that cannot be read is stored with its failure: the other pages are complete without it.
 */
export async function readOnePage(context: JobContext): Promise<JobCompletion> {
  const { tenantId, subjectId, payload } = context.job
  const { page: number, run: jobId } = payload
  if (typeof number !== 'number' || typeof jobId !== 'string' || !subjectId)
    throw new JobFailure('invalid', 'page or run is missing.', true)
  const of = { tenantId, documentId: subjectId, jobId }
  const startedAt = performance.now()
  await using source = await openSource(context, of)
  const page = await readPage(context, source, number)
  const spentMs = performance.now() - startedAt
  return {
    result: { page: number, failure: page.failureCode },
    effect: (tx) => storePage(tx, of, { page, spentMs }),
  }
}

async function readPage(
  context: JobContext,
  { path, kind, password }: Source,
  number: number,
): Promise<ExtractedPage> {
  const { host, signal, log } = context
  const { ocr, extraction } = host
  const deadlineMs = ocr?.deadlineMs ?? extraction.deadlineMs
  const run = {
    ...{ path, kind, password, signal },
    fromPage: number,
    pagesMax: extraction.pagesMax,
    onePage: { recognition: ocr?.recognition ?? null },
    childPath: host.childPath('extraction'),
    limits: { memoryBytesMax: extraction.memoryBytesMax, deadlineMs, stallMs: deadlineMs },
  }
  try {
    for await (const batch of runExtraction(run))
      for (const message of batch) if (message.type === 'page') return message.page
    throw new Error('the child ended without the page')
  } catch (err) {
    if (!(err instanceof ExtractionFailure)) throw err
    const detail = err instanceof ChildFailure ? err.detail : err.message
    log.warn('A page could not be read', { page: number, code: err.code, detail })
    return unreadPage(number, err.code)
  }
}
