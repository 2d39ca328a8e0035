import type { FailureCode } from '../../db/schema/documents.ts'
import {
  type DrawingWork,
  failDrawnImage,
  findDrawingWork,
  keepDrawnImage,
  type WantedImage,
} from '../../domain/documents/page-drawing.ts'
import { unseal } from '../_shared/access/seal.ts'
import type { JobCompletion, JobContext } from '../_shared/ports/jobs.ts'
import { ExtractionFailure, type PictureMessage } from './extraction/protocol.ts'
import { ChildFailure, runDrawing } from './extraction/run.ts'
import { temporaryCopy } from './extraction/temporary-copy.ts'

// Of one child, however many pictures are waited for: what it may take follows from what it has to do.
const picturesAtOnce = 20
const deadlineMs = 60_000
const stallMs = 15_000
// A file that breaks its reader on more pages than this is not worth more processes.
const brokenPagesMax = 3

/**
 * Draws the pictures of one document that are waited for, each stored as soon as it is there. Those that are asked for
 * meanwhile have a job of their own, but for those that came before this one had begun.
 */
export async function drawPageImages(context: JobContext): Promise<JobCompletion> {
  const { deps, job } = context
  const of = { tenantId: job.tenantId, documentId: job.subjectId ?? '', jobId: job.id }
  let drawn = 0
  for (;;) {
    const work = await findDrawingWork(deps.db, of)
    if (work === null) return { result: { drawn } }
    drawn += await drawFrom(context, of, work)
  }
}

type Work = NonNullable<Awaited<ReturnType<typeof findDrawingWork>>>

async function drawFrom(context: JobContext, of: DrawingWork, work: Work): Promise<number> {
  const { deps, host, signal } = context
  const { kind, passwordSealed, storageKey } = work.source
  const body = await deps.storage.get(storageKey)
  if (!body) return failAll(context, of, { images: work.images, code: 'damaged' })
  const password = passwordSealed && (await unseal(deps.config.secret, passwordSealed))
  await using copy = await temporaryCopy(host.temporaryFolder, body, signal)
  const waiting = [...work.images]
  let [drawn, brokenPages] = [0, 0]
  while (waiting.length > 0) {
    try {
      const pictures = runDrawing({
        ...{ path: copy.path, kind, password: password || null, signal },
        pictures: waiting.slice(0, picturesAtOnce),
        childPath: host.childPath('extraction'),
        limits: { memoryBytesMax: host.extraction.memoryBytesMax, deadlineMs, stallMs },
      })
      for await (const picture of pictures) {
        drawn += await keep(context, of, picture)
        waiting.shift()
      }
    } catch (err) {
      if (!(err instanceof ExtractionFailure)) throw err
      // Its own verdict is on the whole file; what killed it is the page that it was at.
      brokenPages += 1
      const isWhole = !(err instanceof ChildFailure) || brokenPages > brokenPagesMax
      const images = isWhole ? waiting.splice(0) : waiting.splice(0, 1)
      await failAll(context, of, { images, code: err.code })
    }
  }
  return drawn
}

async function keep(
  context: JobContext,
  of: DrawingWork,
  picture: PictureMessage,
): Promise<number> {
  const { storage, db } = context.deps
  const { number, widthPixels, jpeg, failureCode } = picture
  const image = { number, widthPixels }
  if (jpeg === null) return failAll(context, of, { images: [image], code: failureCode })
  const drawn = await storage.put(
    of.tenantId,
    new Blob([new Uint8Array(jpeg)]).stream(),
    jpeg.length,
  )
  if (await keepDrawnImage(db, of, { image, drawn })) return 1
  await storage.delete(drawn.storageKey)
  return 0
}

type Failing = { images: readonly WantedImage[]; code: FailureCode }

async function failAll({ deps, log }: JobContext, of: DrawingWork, { images, code }: Failing) {
  for (const image of images) {
    log.info('A page could not be drawn', { page: image.number, code })
    await failDrawnImage(deps.db, of, { image, failureCode: code })
  }
  return 0
}
