import * as z from 'zod'
import { takeLock } from '../../domain/annotations/locks.ts'
import { toAnnotation } from '../../domain/annotations/representation.ts'
import { identityOf } from '../_shared/http/call.ts'
import { toPage } from '../_shared/http/pages.ts'
import { AppError } from '../_shared/http/problems.ts'
import { type Handler, reply } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import type * as contract from './contract.ts'
import {
  type Candidate,
  holdNext,
  listQueueRows,
  positionOf,
  type QueueFilter,
  type QueueRow,
} from './queue-queries.ts'

// Each time somebody else was faster between two statements: as many can ask at the same moment.
const triesMax = 50

type Asked = z.output<typeof contract.leaseNext.input.json>
type Filters = Pick<
  Asked,
  'document_id' | 'batch_id' | 'label_name' | 'source' | 'max_confidence' | 'not_by'
>

const filterOf = (asked: Filters, tenantId: string, userId: string): QueueFilter => ({
  tenantId,
  documentId: asked.document_id,
  batchId: asked.batch_id,
  labelName: asked.label_name,
  source: asked.source,
  confidenceMax: asked.max_confidence,
  notByUserId: asked.not_by === 'me' ? userId : null,
})

const toItem = ({ annotation, filename, lock }: QueueRow) => ({
  annotation: toAnnotation(annotation),
  filename,
  lock: lock && { user_id: lock.userId, locked_until: lock.lockedUntil.toISOString() },
})

export const listHandler =
  ({ db, now }: Deps): Handler<typeof contract.listQueue> =>
  async (c, { query: { cursor, limit, ...asked } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const { url, cursors } = c
    const filter = filterOf(asked, tenantId, userId)
    const scope = `${tenantId}|listReviewQueue|${JSON.stringify(filter)}`
    const after = cursor ? await cursors.read(scope, cursor, z.tuple([z.number(), z.uuid()])) : null
    const rows = await listQueueRows(db, filter, { after, at: now(), limit: limit + 1 })
    const parts = { rows, limit, position: positionOf, item: toItem }
    const page = await toPage({ cursors, scope, url }, parts)
    return reply(200, page.body, { headers: page.headers })
  }

export const nextHandler =
  ({ now }: Deps): Handler<typeof contract.leaseNext> =>
  (c, { json: { except, lease_seconds: seconds, ...asked } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    const filter = filterOf(asked, tenantId, userId)
    return c.write(async (tx) => {
      const at = now()
      const until = new Date(at.getTime() + seconds * 1_000)
      for (let tries = 0; tries < triesMax; tries += 1) {
        const found = await holdNext(tx, filter, { userId, at, except })
        if (found === null) return reply(200, { item: null })
        const { id } = found.annotation
        // Of two who read the same row one after the other before its lock was seen, the second gets none here.
        const lock = await takeLock(tx, { tenantId, id, userId, at, until })
        if (lock) return reply(200, { item: leased(found, lock) })
      }
      throw new AppError('unavailable', 'Too many ask for reviews at this moment. Try again.')
    })
  }

const leased = (found: Candidate, lock: NonNullable<QueueRow['lock']>) => toItem({ ...found, lock })
