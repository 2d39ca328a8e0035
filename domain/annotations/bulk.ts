import { sql } from 'drizzle-orm'
import type { Db, Tx } from '../../db/client.ts'
import { DatabaseUnavailable, databaseFault } from '../../db/errors.ts'
import {
  type Block,
  type BulkRules,
  KnownDocuments,
  readBlock,
  resolveBlock,
} from './bulk-block.ts'
import { type LineBlock, lineBlocks } from './bulk-blocks.ts'
import { type CopiedAnnotation, copyAnnotations, countNewAnnotations } from './bulk-copy.ts'
import { tellOfImport } from './bulk-queries.ts'
import { VerdictLog } from './bulk-verdicts.ts'

export type BulkOrder = {
  tenantId: string
  userId: string
  at: Date
  rules: BulkRules
  /** Nothing is written. */
  isDryRun: boolean
  /** All lines or none. */
  isAtomic: boolean
}

const blocksAtOnce = 2
const attemptsMax = 4
const keepAwakeMs = 5_000 // a third of what the server lets a transaction idle

/**
 * Makes an annotation of each line that states one; a line with an id that is there already makes nothing. Blocks of
 * about a megabyte commit each for itself, two at a time, unless all of it is one transaction. Held are these blocks and
 * the verdicts.
 * @throws what reading the body throws, or the database: committed blocks stay, of an atomic request nothing does
 */
export async function createInBulk(
  db: Db,
  body: ReadableStream<Uint8Array>,
  order: BulkOrder,
): Promise<VerdictLog> {
  const bulk = new Bulk(db, order)
  const blocks = lineBlocks(body)
  try {
    if (order.isAtomic && !order.isDryRun) await bulk.runWhole(blocks)
    else await bulk.runByBlock(blocks)
  } finally {
    await blocks.return(undefined)
  }
  return bulk.log
}

type Blocks = AsyncGenerator<LineBlock>

/** Ends a transaction of which nothing is to stay. */
class TakenBack extends Error {}

class Bulk {
  readonly log = new VerdictLog()
  readonly #db: Db
  readonly #order: BulkOrder
  readonly #documents: KnownDocuments
  #isCounted = false

  constructor(db: Db, order: BulkOrder) {
    this.#db = db
    this.#order = order
    this.#documents = new KnownDocuments(order.tenantId)
  }

  async runByBlock(blocks: Blocks): Promise<void> {
    const running: Promise<void>[] = []
    try {
      for await (const lines of blocks) {
        const block = this.#read(lines)
        const run = this.#order.isDryRun ? this.#judge(block) : this.#commit(block)
        run.catch(() => {}) // met when it is awaited
        running.push(run)
        if (running.length >= blocksAtOnce) await running.shift()
      }
      await Promise.all(running)
    } finally {
      await Promise.allSettled(running)
    }
  }

  async runWhole(blocks: Blocks): Promise<void> {
    let isBegun = false
    try {
      await this.#db.transaction((tx) => {
        // The body is gone: what the server took back cannot be sent again from here.
        if (isBegun) throw new DatabaseUnavailable('TRANSACTION_LOST', 'the body is read already')
        isBegun = true
        return this.#copyAll(tx, blocks)
      })
    } catch (err) {
      if (!(err instanceof TakenBack)) throw err
      this.log.takeBack()
      for await (const lines of blocks) await this.#judge(this.#read(lines))
    }
  }

  async #copyAll(tx: Tx, blocks: Blocks): Promise<void> {
    let copying: Promise<void> = Promise.resolve()
    for (;;) {
      const { done, value } = await keptAwake(tx, { next: blocks.next(), busy: copying })
      if (done) break
      const block = this.#read(value)
      await copying
      const rows = await this.#resolve(tx, block)
      if (block.verdicts.hasRefused) throw new TakenBack()
      copying = this.#copy(tx, rows)
      copying.catch(() => {}) // met when it is awaited
    }
    await copying
  }

  async #commit(block: Block): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const rows = await this.#resolve(this.#db, block)
      if (rows.length === 0) return
      try {
        return await this.#db.transaction((tx) => this.#copy(tx, rows))
      } catch (err) {
        if (attempt >= attemptsMax || !isOutdated(err)) throw err
        this.#documents.forget()
      }
    }
  }

  /** What would become of the lines; nothing does. */
  async #judge(block: Block): Promise<void> {
    await this.#resolve(this.#db, block)
    block.verdicts.takeBack(this.#order.isDryRun ? 'valid' : 'not_created')
  }

  #read(lines: LineBlock): Block {
    return readBlock(lines, this.#order.rules, this.log)
  }

  #resolve(on: Db | Tx, block: Block): Promise<CopiedAnnotation[]> {
    const { tenantId } = this.#order
    return resolveBlock(block, { on, tenantId, documents: this.#documents })
  }

  async #copy(tx: Tx, rows: readonly CopiedAnnotation[]): Promise<void> {
    if (rows.length === 0) return
    await copyAnnotations(tx, this.#order, rows)
    if (!this.#isCounted) await countNewAnnotations(tx, rows)
    this.#isCounted = true
    const counts = new Map<string, number>()
    for (const { documentId } of rows) counts.set(documentId, (counts.get(documentId) ?? 0) + 1)
    await tellOfImport(tx, this.#order.tenantId, counts)
  }
}

// Somebody made one of the ids, or deleted one of the documents, since they were looked up.
const outdated = new Set(['annotations_pkey', 'annotations_document_exists'])
const isOutdated = (err: unknown): boolean => outdated.has(databaseFault(err)?.constraint ?? '')

type Waiting<T> = { next: Promise<T>; busy: Promise<void> }

/** Waits for a caller who may be slow; the server ends a transaction that idles. */
async function keptAwake<T>(tx: Tx, { next, busy }: Waiting<T>): Promise<T> {
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, keepAwakeMs, null)
    })
    const first = await Promise.race([next, late]).finally(() => clearTimeout(timer))
    if (first !== null) return first
    await busy
    await tx.execute(sql`select 1`)
  }
}
