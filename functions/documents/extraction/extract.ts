import { giveUpPendingPages } from '../../../domain/documents/page-parts.ts'
import {
  type DocumentOfJob,
  finishPages,
  firstMissingPage,
} from '../../../domain/documents/processing.ts'
import { JobFailure, JobParked } from '../../../domain/jobs/outcome.ts'
import { partsEnded } from '../../../domain/jobs/part-kinds.ts'
import type { JobCompletion, JobContext } from '../../_shared/ports/jobs.ts'
import { PageWriter } from './page-writer.ts'
import { ExtractionFailure, unreadPage } from './protocol.ts'
import { ChildFailure, runExtraction } from './run.ts'
import { openSource, type Source } from './source.ts'

// A file that breaks its reader on more pages than this is not worth more processes.
const brokenPagesMax = 3

/** Reads one document into pages. An attempt goes on where the one before it ended. */
export async function extractDocument(context: JobContext): Promise<JobCompletion> {
  const { job } = context
  const of = { tenantId: job.tenantId, documentId: job.subjectId ?? '', jobId: job.id }
  const writer = await writerOf(context, of)
  if (job.payload[partsEnded] === true) return completion(writer, of)
  await using source = await openSource(context, of)
  try {
    await readPages(context, writer, source)
  } catch (err) {
    throw err instanceof ExtractionFailure ? new JobFailure(err.code, err.message, true) : err
  }
  if (await writer.divide()) throw new JobParked()
  return completion(writer, of)
}

function completion(writer: PageWriter, of: DocumentOfJob): JobCompletion {
  return {
    result: { page_count: writer.pageCount ?? writer.nextPage - 1 },
    effect: async (tx) => {
      await giveUpPendingPages(tx, of)
      const code = await finishPages(tx, of, writer.spentMs())
      if (code) throw new JobFailure(code, 'None of its pages could be read.', true)
    },
  }
}

async function writerOf(context: JobContext, of: DocumentOfJob): Promise<PageWriter> {
  const restart = context.job.payload.restart === true
  const nextPage = restart ? 1 : await firstMissingPage(context.deps.db, of)
  return new PageWriter(context, { of, nextPage, restart })
}

/** A page that kills or stalls its reader is recorded as broken, and another process reads on after it. */
async function readPages(
  context: JobContext,
  writer: PageWriter,
  { path, kind, password }: Source,
): Promise<void> {
  const { host, signal, log } = context
  const { pagesMax, deadlineMs, ...limits } = host.extraction
  const deadlineAt = performance.now() + deadlineMs
  for (let brokenPages = 0; ; brokenPages++) {
    try {
      const batches = runExtraction({
        ...{ path, kind, password },
        pagesMax,
        signal,
        fromPage: writer.nextPage,
        childPath: host.childPath('extraction'),
        limits: { ...limits, deadlineMs: deadlineAt - performance.now() },
      })
      for await (const batch of batches) await writer.write(batch)
      return
    } catch (err) {
      const isPageAlone =
        err instanceof ChildFailure && !err.isDeadline && writer.pageCount !== null
      if (!isPageAlone) throw err
      if (writer.nextPage > (writer.pageCount ?? 0)) return // it broke when all had been read
      if (brokenPages >= brokenPagesMax) throw err
      log.warn('A page broke its reader', {
        page: writer.nextPage,
        code: err.code,
        detail: err.detail,
      })
      await writer.append([unreadPage(writer.nextPage, err.code)])
      if (writer.nextPage > (writer.pageCount ?? 0)) return
    }
  }
}
