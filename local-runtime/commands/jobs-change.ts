import { defineCommand } from 'citty'
import { listTenantsWithEnded } from '../../db/system.ts'
import { cancelJob, ringWorkers } from '../../domain/jobs/queue.ts'
import { redriveJob, redriveJobs, StepUnknown } from '../../domain/jobs/redrive.ts'
import {
  findJob,
  type JobsContext,
  jobsArgs,
  printJson,
  printLines,
  withJobs,
} from './jobs-context.ts'
import { emptySentence } from './jobs-list.ts'
import { printable } from './logs-follow.ts'

/** What became of one job that was to be changed. */
export type Change = { id: string; isDone: boolean; sentence: string }

const ids = {
  type: 'positional',
  required: false,
  valueHint: '...',
  description: 'Ids of jobs',
} as const

export const retry = defineCommand({
  meta: { name: 'retry', description: 'Queue jobs again that are dead, failed or cancelled' },
  args: {
    id: ids,
    dead: { type: 'boolean', description: 'All dead jobs' },
    kind: { type: 'string', description: 'With --dead, those of this kind' },
    'from-step': { type: 'string', description: 'Run this step and the later ones again' },
    attempts: {
      type: 'string',
      default: '5',
      valueHint: '1..100',
      description: 'Attempts that each may have more',
    },
    ...jobsArgs,
  },
  run: ({ args }) =>
    withJobs(args, async (context) => {
      const { kind = null, 'from-step': fromStep } = args
      const attempts = Number(args.attempts)
      const mistake = mistakeInRetry(args._, { isDead: args.dead === true, kind, fromStep })
      if (mistake !== null) throw new Error(mistake)
      if (args.dead === true)
        return printRetriedDead(context, await retryDead(context, { kind, attempts }), kind)
      const redrive = { attempts, ...(fromStep === undefined ? {} : { fromStep }) }
      printChanges(context, await changeEach(args._, (id) => retryOne(context, id, redrive)))
    }),
})

type RetryWords = { isDead: boolean; kind: string | null; fromStep: string | undefined }

function mistakeInRetry(jobIds: readonly string[], { isDead, kind, fromStep }: RetryWords) {
  if (isDead && (jobIds.length > 0 || fromStep !== undefined))
    return '--dead goes with --kind and --tenant, not with ids or --from-step.'
  return kind !== null && !isDead ? '--kind goes with --dead.' : null
}

export const cancel = defineCommand({
  meta: { name: 'cancel', description: 'End jobs: at once, or running ones within about a second' },
  args: { id: ids, ...jobsArgs },
  run: ({ args }) =>
    withJobs(args, async (context) => {
      printChanges(context, await changeEach(args._, (id) => cancelOne(context, id)))
    }),
})

/** One after the other; that one of them cannot be changed does not keep the others from it. */
async function changeEach(
  jobIds: readonly string[],
  change: (id: string) => Promise<Change>,
): Promise<Change[]> {
  if (jobIds.length === 0) throw new Error('Say which jobs, by their ids. See them by: octavo jobs')
  const changes: Change[] = []
  for (const id of jobIds) changes.push(await change(id))
  return changes
}

const redriveSentences = {
  queued: 'is queued again.',
  missing: 'is gone.',
  not_ended: 'has not ended yet.',
  completed: 'has completed: there is nothing to do again.',
} as const

/** Queues one job again. */
export async function retryOne(
  context: Pick<JobsContext, 'db' | 'tenantId'>,
  id: string,
  redrive: { attempts: number; fromStep?: string },
): Promise<Change> {
  const found = await findJob(context, id)
  if (typeof found === 'string') return { id, isDone: false, sentence: found }
  const { tenantId } = found
  const { db } = context
  try {
    const outcome = await db.transaction((tx) => redriveJob(tx, { tenantId, id, ...redrive }))
    if (outcome === 'queued') await ringWorkers(db)
    const sentence = `Job ${id} ${redriveSentences[outcome]}`
    return { id, isDone: outcome === 'queued', sentence }
  } catch (err) {
    if (!(err instanceof StepUnknown)) throw err
    return { id, isDone: false, sentence: `Job ${id} has no step "${err.step}".` }
  }
}

/** Asks for the end of one job. */
export async function cancelOne(
  context: Pick<JobsContext, 'db' | 'tenantId'>,
  id: string,
): Promise<Change> {
  const found = await findJob(context, id)
  if (typeof found === 'string') return { id, isDone: false, sentence: found }
  const { tenantId } = found
  const { db } = context
  const outcome = await db.transaction((tx) => cancelJob(tx, { tenantId, id }))
  if (outcome === 'requested') await ringWorkers(db, 'cancel')
  const words = {
    cancelled: 'is cancelled.',
    requested: 'runs, and has been told to end.',
    missing: 'has ended already.',
  }[outcome]
  return { id, isDone: outcome !== 'missing', sentence: `Job ${id} ${words}` }
}

/** Of one tenant. */
export type RetriedDead = { tenantId: string; tenantName: string; count: number }

/** Queues all dead jobs again, of every tenant that has some. */
export async function retryDead(
  { db, tenantId }: Pick<JobsContext, 'db' | 'tenantId'>,
  { kind, attempts }: { kind: string | null; attempts: number },
): Promise<RetriedDead[]> {
  const retried: RetriedDead[] = []
  for (const tenant of await listTenantsWithEnded(db, { tenantId, status: 'dead' })) {
    const redrive = {
      tenantId: tenant.id,
      status: 'dead' as const,
      attempts,
      ...(kind && { kind }),
    }
    const count = await redriveJobs(db, { ...redrive, limit: Number.POSITIVE_INFINITY })
    if (count === 0) continue
    await ringWorkers(db)
    retried.push({ tenantId: tenant.id, tenantName: tenant.name, count })
  }
  return retried
}

function printChanges({ isJson }: JobsContext, changes: readonly Change[]): void {
  if (isJson)
    printJson({
      items: changes.map(({ id, isDone, sentence }) => ({ id, done: isDone, sentence })),
    })
  for (const { isDone, sentence } of changes) {
    if (!isDone) process.exitCode = 1
    if (!isJson) (isDone ? console.log : console.error)(sentence)
  }
}

function printRetriedDead(
  { isJson, tenantId }: JobsContext,
  retried: readonly RetriedDead[],
  kind: string | null,
): void {
  const items = retried.map((row) => ({
    tenant_id: row.tenantId,
    tenant: row.tenantName,
    count: row.count,
  }))
  if (isJson) printJson({ items })
  else if (items.length === 0) console.log(emptySentence({ tenantId, status: 'dead', kind }))
  else printLines(items.map(retriedSentence))
}

const retriedSentence = ({ tenant, count }: { tenant: string; count: number }): string =>
  `${count} ${count === 1 ? 'job' : 'jobs'} of ${printable(tenant)} queued again.`
