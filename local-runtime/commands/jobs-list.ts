import { defineCommand } from 'citty'
import { jobStatuses } from '../../db/schema/index.ts'
import { type JobFilter, listAllJobs } from '../../db/system.ts'
import { jobsArgs, printJson, printLines, withJobs } from './jobs-context.ts'
import { overviewJson, overviewLines } from './jobs-table.ts'
import { isColouredOutput, painter } from './jobs-words.ts'

const shownMax = 1_000

export const jobsListArgs = {
  status: {
    type: 'enum' as const,
    options: [...jobStatuses],
    description: 'Only jobs in this state',
  },
  kind: {
    type: 'string' as const,
    description: 'Only jobs of this kind; ended ones among the newest 500,000',
  },
  limit: {
    type: 'string' as const,
    default: '20',
    valueHint: `1..${shownMax}`,
    description: 'Jobs at most',
  },
  ...jobsArgs,
}

export const list = defineCommand({
  meta: { name: 'list', description: 'Show jobs, the newest first' },
  args: jobsListArgs,
  run: ({ args }) =>
    withJobs(args, async ({ db, tenantId, isJson }) => {
      const { status = null, kind = null } = args
      const filter: JobFilter = { tenantId, status, kind, limit: Number(args.limit) }
      const jobs = await listAllJobs(db, filter)
      if (isJson) return printJson({ items: jobs.map(overviewJson) })
      if (jobs.length === 0) return console.log(emptySentence(filter))
      printLines(overviewLines(jobs, { now: new Date(), paint: painter(isColouredOutput()) }))
    }),
})

/** "There are no dead jobs of the kind documents.extract." */
export function emptySentence({ tenantId, status, kind }: Omit<JobFilter, 'limit'>): string {
  const words = [
    status === null ? 'There are no jobs' : `There are no ${status} jobs`,
    kind === null ? null : ` of the kind ${kind}`,
    tenantId === null ? null : ' of this tenant',
  ]
  return `${words.filter((word) => word !== null).join('')}.`
}
