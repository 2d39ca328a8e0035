import type { Tx } from '../../../db/client.ts'
import {
  appendPages,
  beginPages,
  type DocumentOfJob,
} from '../../../domain/documents/processing.ts'
import { dropFromPayload, holdLease } from '../../../domain/jobs/lease.ts'
import { JobMoot } from '../../../domain/jobs/outcome.ts'
import type { JobContext } from '../../_shared/ports/jobs.ts'
import type { ContentMessage, DocumentMessage, ExtractedPage } from './protocol.ts'

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
    await this.fenced(last, (tx) => appendPages(tx, this.of, { pages, spentMs }))
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
    })
    this.restart = false
  }

  private get lease() {
    return this.context.job
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
