import { defineCommand } from 'citty'
import type { JobWhy } from '../../domain/jobs/why.ts'
import { findJob, jobsArgs, printJson, printLines, withJobs } from './jobs-context.ts'
import { type JobDetails, type Neighbour, readJobDetails } from './jobs-details.ts'
import { detailsLines } from './jobs-story.ts'
import { overviewJson } from './jobs-table.ts'
import { isColouredOutput, painter } from './jobs-words.ts'

export const show = defineCommand({
  meta: { name: 'show', description: 'Show all that is known of one job, with its events' },
  args: {
    id: { type: 'positional', required: true, description: 'Id of the job' },
    ...jobsArgs,
  },
  run: ({ args }) =>
    withJobs(args, async (context) => {
      const job = await findJob(context, args.id)
      if (typeof job === 'string') throw new Error(job)
      const details = await readJobDetails(context.db, job)
      if (context.isJson) return printJson(detailsJson(details))
      const paint = painter(isColouredOutput())
      printLines(detailsLines(details, { now: new Date(), paint }))
    }),
})

/** The same for programs, nothing cut. */
function detailsJson(details: JobDetails): Record<string, unknown> {
  const { overview, row } = details
  const neighbour = ({ id, status, onFailure }: Neighbour) => ({
    id,
    status,
    on_failure: onFailure,
  })
  return {
    ...overviewJson(overview),
    priority: row.priority,
    run_ms_max: row.runMsMax,
    subject_id: row.subjectId,
    user_id: row.userId,
    batch_id: row.batchId,
    request_id: row.requestId,
    dedupe_key: row.dedupeKey,
    lease_expires_at: details.leaseExpiresAt?.toISOString() ?? null,
    cancel_requested_at: details.cancelRequestedAt?.toISOString() ?? null,
    payload: row.payload,
    result: row.result,
    errors: row.errors,
    steps: row.steps,
    why: details.why === null ? null : whyJson(details.why),
    waits_for: details.waitsFor.map(neighbour),
    is_awaited_by: details.isAwaitedBy.map(neighbour),
    events: details.events.map(({ id, type, data, createdAt }) => ({
      id,
      type,
      data,
      created_at: createdAt.toISOString(),
    })),
  }
}

function whyJson({ expectedAt, basis, causes }: JobWhy): Record<string, unknown> {
  return {
    expected_at: expectedAt?.toISOString() ?? null,
    basis,
    causes: causes.map(({ cause, sentence, data }) => ({ cause, sentence, data })),
  }
}
