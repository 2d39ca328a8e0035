import { and, eq } from 'drizzle-orm'
import { uuidv7 } from 'uuidv7'
import { expect, test } from 'vitest'
import { auditLog, documents, jobHistory, users } from '../../db/schema/index.ts'
import { startWorker } from '../../test/fixtures/worker.ts'
import { addDocument } from '../../test/harness/documents.ts'
import { eventually } from '../../test/harness/eventually.ts'
import { addMember } from '../../test/harness/members.ts'
import type { JobKinds } from '../_shared/ports/jobs.ts'
import { UserDeletion } from './contract.ts'
import { createApp } from './index.ts'
import { jobs } from './jobs.ts'
import { userDeletionJobKind } from './removal.ts'

const documentCount = 21 // one more than a request deletes

async function setupDeletion(handlers: JobKinds = jobs) {
  const bench = await startWorker({ createApp, handlers })
  const { db, tenant, del } = bench
  const { id: userId } = await addMember(db, tenant.id, { role: 'editor' })
  const owner = { tenantId: tenant.id, userId }
  for (let i = 0; i < documentCount; i++)
    await addDocument(db, { ...owner, pages: [`Page ${uuidv7()}.`] })
  const begun = await del(`/${userId}`)
  const { job_id: jobId } = UserDeletion.parse(await begun.json())
  const isGone = async () =>
    (await db.$count(users, and(eq(users.tenantId, tenant.id), eq(users.id, userId)))) === 0
  const documentsLeft = () => db.$count(documents, eq(documents.tenantId, tenant.id))
  return { ...bench, userId, jobId, isGone, documentsLeft }
}

const actionsOf = async ({ db, tenant }: Awaited<ReturnType<typeof setupDeletion>>) => {
  const rows = await db
    .select({ action: auditLog.action, actor: auditLog.actorUserId })
    .from(auditLog)
    .where(eq(auditLog.tenantId, tenant.id))
    .orderBy(auditLog.seq)
  expect(new Set(rows.map(({ actor }) => actor))).toEqual(new Set([tenant.admin.id]))
  return Object.fromEntries(
    [...Map.groupBy(rows, ({ action }) => action)].map(([action, { length }]) => [action, length]),
  )
}

const everything = {
  'user.deletion_begun': 1,
  'document.deleted': documentCount,
  'user.deleted': 1,
}

test('a job deletes many documents one by one, and the user last, in the name of who asked', async () => {
  const bench = await setupDeletion()
  await eventually('the user is gone', bench.isGone)
  expect(await bench.documentsLeft()).toBe(0)
  expect(await actionsOf(bench)).toEqual(everything)
  const { db, tenant, jobId } = bench
  await eventually('the job has ended', async () => {
    const [job] = await db
      .select({ status: jobHistory.status, result: jobHistory.result })
      .from(jobHistory)
      .where(and(eq(jobHistory.tenantId, tenant.id), eq(jobHistory.id, jobId)))
    return job?.status === 'completed' && job.result?.documents === documentCount
  })
})

test('an attempt that dies half-way is gone on with, and nothing is told twice', async () => {
  let attempts = 0
  const kind = jobs[userDeletionJobKind]
  if (typeof kind !== 'object') throw new Error('the kind says what it may take')
  const dying: JobKinds = {
    [userDeletionJobKind]: {
      ...kind,
      retryMs: 0,
      handler: async (context) => {
        attempts += 1
        if (attempts > 1) return kind.handler(context)
        let looks = 0
        // As if the process had gone after the fifth document: what was committed is, and no more.
        const signal = new Proxy(context.signal, {
          get: (target, name) =>
            name === 'throwIfAborted'
              ? () => {
                  looks += 1
                  if (looks > 5) throw new Error('killed')
                }
              : Reflect.get(target, name),
        })
        return kind.handler({ ...context, deps: context.deps, job: context.job, signal })
      },
    },
  }
  const bench = await setupDeletion(dying)
  await eventually('the user is gone', bench.isGone)
  expect(attempts).toBe(2)
  expect(await bench.documentsLeft()).toBe(0)
  expect(await actionsOf(bench)).toEqual(everything)
})
