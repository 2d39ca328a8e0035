import * as z from 'zod'
import type { Tx } from '../../db/client.ts'
import { findLock, type LockRow, releaseLock, takeLock } from '../../domain/annotations/locks.ts'
import { identityOf } from '../_shared/http/call.ts'
import { AppError } from '../_shared/http/problems.ts'
import { failures, type Handler, reply, route } from '../_shared/http/route.ts'
import type { Deps } from '../_shared/ports/deps.ts'
import { missing } from './changes.ts'
import { holdAnnotation, isThere } from './queries.ts'

// Long enough for a thought, short enough not to be in the way of others when a browser has gone.
const lockMs = 120_000
const param = z.object({ id: z.uuid().toLowerCase() })
const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000005' }

const Lock = z
  .object({
    user_id: z.uuid().meta({ description: 'Who is working on it.' }),
    locked_until: z.iso.datetime(),
  })
  .meta({ id: 'AnnotationLock', description: 'A sign to others; nobody is stopped by it.' })

export const lockAnnotation = route({
  method: 'put',
  path: '/:id/lock',
  operationId: 'lockAnnotation',
  role: 'editor',
  summary: 'Show others that you are working on an annotation',
  description: `For two minutes; asking again prolongs it. A 409 says who has it. It stops nobody: saves are kept apart by
\`If-Match\`.`,
  input: { param },
  replies: { 200: Lock, ...failures('not_found', 'conflict') },
  example: { param: exampleId },
})

export const readLock = route({
  method: 'get',
  path: '/:id/lock',
  operationId: 'readAnnotationLock',
  role: 'viewer',
  summary: 'Who is working on an annotation?',
  input: { param },
  replies: { 200: z.object({ lock: Lock.nullable() }), ...failures('not_found') },
  example: { param: exampleId },
})

export const unlockAnnotation = route({
  method: 'delete',
  path: '/:id/lock',
  operationId: 'unlockAnnotation',
  role: 'editor',
  summary: 'Show that you are done with an annotation',
  description: 'The lock of somebody else stays.',
  input: { param },
  replies: { 204: null, ...failures('not_found') },
  example: { param: exampleId },
})

const toLock = ({ userId, lockedUntil }: LockRow): z.input<typeof Lock> => ({
  user_id: userId,
  locked_until: lockedUntil.toISOString(),
})

async function requireThere(tx: Tx, tenantId: string, id: string): Promise<void> {
  const row = await holdAnnotation(tx, tenantId, id)
  if (!row || row.deletedAt !== null) throw missing()
}

export const lockHandler =
  ({ now }: Deps): Handler<typeof lockAnnotation> =>
  (c, { param: { id } }) => {
    const { tenantId, userId } = identityOf(c.identity)
    return c.write(async (tx) => {
      await requireThere(tx, tenantId, id)
      const at = now()
      const until = new Date(at.getTime() + lockMs)
      const lock = await takeLock(tx, { tenantId, id, userId, at, until })
      if (lock) return reply(200, toLock(lock))
      const holder = await findLock(tx, { tenantId, id, at })
      throw new AppError('conflict', 'Somebody else is working on it.', {
        ...(holder && {
          hint: `User ${holder.userId} has it until ${holder.lockedUntil.toISOString()}.`,
        }),
      })
    })
  }

export const readLockHandler =
  ({ db, now }: Deps): Handler<typeof readLock> =>
  async (c, { param: { id } }) => {
    const { tenantId } = c
    const [isShown, lock] = await Promise.all([
      isThere(db, tenantId, id, { isShown: true }),
      findLock(db, { tenantId, id, at: now() }),
    ])
    if (!isShown) throw missing()
    return reply(200, { lock: lock && toLock(lock) })
  }

export const unlockHandler: Handler<typeof unlockAnnotation> = (c, { param: { id } }) => {
  const { tenantId, userId } = identityOf(c.identity)
  return c.write(async (tx) => {
    await requireThere(tx, tenantId, id)
    await releaseLock(tx, { tenantId, id, userId })
    return reply(204, null)
  })
}
