import * as z from 'zod'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import { ringWorkers } from '../../domain/jobs/queue.ts'
import type { JobContext, JobHandler, JobKinds } from '../_shared/ports/jobs.ts'
import { type Deletion, deleteOwnedDocument, deleteUserWithAll } from './deletion.ts'
import { listOwnedDocuments, transferDocuments } from './deletion-queries.ts'
import { findUser } from './queries.ts'
import { userDeletionJobKind } from './removal.ts'

const Payload = z.object({
  transfer_to: z.uuid().nullable(),
  actor_user_id: z.uuid(),
  actor_key_id: z.uuid(),
})

// Documents deleted between two looks for more, and moved in one statement.
const deletedPerLook = 100
const movedPerStatement = 1_000

/**
 * Deletes a user document by document, each in a transaction of its own: an attempt that dies half-way has lost nothing and
 * kept nothing by halves, and the next one goes on. The user goes last.
 */
const deleteUser: JobHandler = async (context) => {
  const { deps, job } = context
  const parsed = Payload.safeParse(job.payload)
  if (!parsed.success || job.subjectId === null)
    throw new JobFailure('invalid', 'The payload has another form.', true)
  const { transfer_to: transferTo, actor_user_id: userId, actor_key_id: keyId } = parsed.data
  const about = { tenantId: job.tenantId, userId: job.subjectId, requestId: job.requestId }
  const deletion = { ...about, transferTo, actor: { userId, keyId }, at: deps.now() }
  const documents =
    transferTo === null
      ? await deleteDocuments(context, deletion)
      : await moveDocuments(context, { ...deletion, heirId: transferTo })
  await deps.db.transaction((tx) => deleteUserWithAll(tx, deletion))
  return { result: { documents } }
}

async function deleteDocuments({ deps: { db }, signal }: JobContext, deletion: Deletion) {
  let documents = 0
  for (;;) {
    const found = await listOwnedDocuments(db, deletion, deletedPerLook)
    if (found.length === 0) return documents
    for (const id of found) {
      signal.throwIfAborted()
      if (await db.transaction((tx) => deleteOwnedDocument(tx, deletion, id))) documents += 1
    }
    // Runs that were just cancelled shall end now, not at their next look.
    await ringWorkers(db, 'cancel')
  }
}

async function moveDocuments(
  { deps: { db }, signal }: JobContext,
  transfer: Deletion & { heirId: string },
) {
  const limit = movedPerStatement
  for (let documents = 0; ; ) {
    signal.throwIfAborted()
    const moved = await db.transaction(async (tx) => {
      await requireHeir(await findUser(tx, transfer.tenantId, transfer.heirId))
      return transferDocuments(tx, { ...transfer, limit })
    })
    documents += moved
    if (moved < limit) return documents
  }
}

// A job cannot ask who else it should be: an admin names another heir by deleting the user again.
async function requireHeir(heir: { disabledAt: Date | null } | null): Promise<void> {
  if (heir && heir.disabledAt === null) return
  throw new JobFailure('heir_gone', 'Who should get the documents is gone or disabled.', true)
}

export const jobs: JobKinds = { [userDeletionJobKind]: { handler: deleteUser, concurrency: 1 } }
