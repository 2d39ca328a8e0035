import { channelDeletionJobKind, removeDeserted } from '../../domain/channels/deletion.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { JobHandler, JobKinds } from '../_shared/ports/jobs.ts'

const takeAway: JobHandler = async ({ deps: { db }, job, signal }) => {
  const { tenantId, subjectId: id } = job
  if (id === null) throw new JobFailure('invalid', 'The job names no channel.', true)
  return { result: { messages: await removeDeserted(db, { tenantId, id, signal }) } }
}

export const jobs: JobKinds = { [channelDeletionJobKind]: { handler: takeAway, concurrency: 1 } }
