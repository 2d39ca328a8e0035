import type { Tx } from '../../../db/client.ts'
import { runItemOfJob } from '../../../domain/batches/items.ts'
import { divideIntoPages, pendingPages } from '../../../domain/documents/page-parts.ts'
import {
  appendPages,
  beginPages,
  type DocumentOfJob,
} from '../../../domain/documents/processing.ts'
import { dropFromPayload, holdLease } from '../../../domain/jobs/lease.ts'
import { JobMoot } from '../../../domain/jobs/outcome.ts'
import type { JobContext } from '../../_shared/ports/jobs.ts'
import type { ContentMessage, DocumentMessage, ExtractedPage } from './protocol.ts'
import { withoutRecognition } from './text-source.ts'

/** What is stored of a page now: one whose picture is to be read waits for that. */
const plannedPage = (page: ExtractedPage, isOcrOn: boolean) =>
  isOcrOn
    ? { ...page, pending: page.textChoice === 'ocr' || page.textChoice === 'mixed' }
    : { ...withoutRecognition(page), pending: false }

/** Stores what the child says: each batch in one fenced transaction with the progress. */
export class PageWriter {
  nextPage: number
  pageCount: number | null = null // known once the child has opened the document
  private readonly context: JobContext
  private readonly of: DocumentOfJob
  private restart: boolean
  private measuredAt = performance.now()

  constructor(
    context: JobContext,
    options: { of: DocumentOfJob; nextPage: number; restart: boolean },
  ) {
    this.context = context
    this.of = options.of
    this.nextPage = options.nextPage
    this.restart = options.restart
  }

  async write(batch: readonly ContentMessage[]): Promise<void> {
    const header = batch.find((message) => message.type === 'document')
    if (header && this.pageCount === null) await this.begin(header)
    await this.append(batch.flatMap((message) => (message.type === 'page' ? [message.page] : [])))
  }

  async append(pages: readonly ExtractedPage[]): Promise<void> {
    const last = pages.at(-1)?.number
    if (last === undefined) return
    const spentMs = this.spentMs()
    const isOcrOn = this.context.host.ocr !== null
    const rows = pages.map((page) => plannedPage(page, isOcrOn))
    await this.fenced(last, (tx) => appendPages(tx, this.of, { pages: rows, spentMs }))
    this.nextPage = last + 1
  }

  /** Working time since the last call, in milliseconds. */
  spentMs(): number {
    const now = performance.now()
    const spent = now - this.measuredAt
    this.measuredAt = now
    return spent
  }

  private async begin(header: DocumentMessage): Promise<void> {
    const { restart } = this
    this.pageCount = header.pageCount
    await this.fenced(this.nextPage - 1, async (tx) => {
      await beginPages(tx, this.of, { ...header, restart })
      if (restart) await dropFromPayload(tx, this.lease, 'restart')
      if (this.context.job.payload.batch === true) await runItemOfJob(tx, this.lease)
    })
    this.restart = false
  }

  private get lease() {
    return this.context.job
  }

  /** Has what is written now been the whole of it, or do pages wait to be read one by one? */
  async divide(): Promise<boolean> {
    const { db } = this.context.deps
    const pages = await pendingPages(db, this.of)
    if (pages.length === 0) return false
    const pagesMax = this.context.host.ocr?.pagesMax ?? pages.length
    const division = { pages, pagesMax, spentMs: this.spentMs() }
    const to = { of: this.of, lease: this.lease }
    await this.fenced(this.nextPage - 1, (tx) => divideIntoPages(tx, to, division))
    return true
  }

  private async fenced(done: number, work: (tx: Tx) => Promise<void>): Promise<void> {
    const isCancelled = await this.context.deps.db.transaction(async (tx) => {
      const cancel = await holdLease(tx, this.lease, { done, total: this.pageCount ?? done })
      if (!cancel) await work(tx)
      return cancel
    })
    if (isCancelled) throw new JobMoot()
  }
}
