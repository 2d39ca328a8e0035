import {
  type DocumentOfJob,
  findDocumentSource,
  finishPages,
  firstMissingPage,
} from '../../../domain/documents/processing.ts'
import { JobFailure } from '../../../domain/jobs/outcome.ts'
import { unseal } from '../../_shared/access/seal.ts'
import type { JobCompletion, JobContext } from '../../_shared/ports/jobs.ts'
import { PageWriter } from './page-writer.ts'
import { type ExtractedPage, ExtractionFailure, type StartMessage } from './protocol.ts'
import { ChildFailure, runExtraction } from './run.ts'
import { temporaryCopy } from './temporary-copy.ts'

// A file that breaks its reader on more pages than this is not worth more processes.
const brokenPagesMax = 3

/** Reads one document into pages. An attempt goes on where the one before it ended. */
export async function extractDocument(context: JobContext): Promise<JobCompletion> {
  const { deps, job, host, signal } = context
  const of = { tenantId: job.tenantId, documentId: job.subjectId ?? '', jobId: job.id }
  const { kind, passwordSealed, storageKey } = await findDocumentSource(deps.db, of)
  const password = passwordSealed && (await unseal(deps.config.secret, passwordSealed))
  const body = await deps.storage.get(storageKey)
  if (!body) throw new JobFailure('damaged', 'The stored file is missing.', true)
  await using copy = await temporaryCopy(host.temporaryFolder, body, signal)
  const writer = await writerOf(context, of)
  try {
    const { path } = copy
    await readPages(context, writer, { path, kind, password: password || null })
  } catch (err) {
    throw err instanceof ExtractionFailure ? new JobFailure(err.code, err.message, true) : err
  }
  return {
    result: { page_count: writer.pageCount },
    effect: async (tx) => {
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

type Source = Pick<StartMessage, 'path' | 'kind' | 'password'>

/** A page that kills or stalls its reader is recorded as broken, and another process reads on after it. */
async function readPages(context: JobContext, writer: PageWriter, source: Source): Promise<void> {
  const { host, signal, log } = context
  const { pagesMax, deadlineMs, ...limits } = host.extraction
  const deadlineAt = performance.now() + deadlineMs
  for (let brokenPages = 0; ; brokenPages++) {
    try {
      const batches = runExtraction({
        ...source,
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
      await writer.append([brokenPage(writer.nextPage, err)])
      if (writer.nextPage > (writer.pageCount ?? 0)) return
    }
  }
}

function brokenPage(number: number, { code }: ChildFailure): ExtractedPage {
  return {
    number,
    widthPoints: null,
    heightPoints: null,
    rotation: 0,
    text: '',
    words: new Uint8Array(),
    failureCode: code,
  }
}
