import type { Database } from '../../db/client.ts'
import { JobFailure } from '../../domain/jobs/outcome.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobHost, JobKind, JobKinds } from '../../functions/_shared/ports/jobs.ts'
import { Attempt } from './attempt.ts'
import { type ChildMessage, type ParentMessage, reasonOf } from './child-messages.ts'
import { Completions } from './completions.ts'
import { kindsOf } from './kinds.ts'

export type JobServerOptions = {
  deps: Deps
  database: Pick<Database, 'db'>
  handlers: JobKinds
  host: JobHost
}

const beatMs = 500

/**
 * Runs the jobs that the worker above sends, one at a time, and writes their ends itself: result and effect go in one
 * transaction behind the fence, whatever becomes of the worker meanwhile. The worker keeps the lease alive.
 */
export function serveJobs(options: JobServerOptions): void {
  const kinds = kindsOf(options.handlers, 1)
  let current: Attempt | undefined
  process.once('disconnect', () => process.exit(0)) // the worker is gone, or has no more jobs for us
  process.on('SIGINT', () => {}) // a terminal's Ctrl-C reaches the whole group; the worker decides
  process.on('message', (message: ParentMessage) => {
    if (message.type === 'stop') return current?.stop(reasonOf(message.reason, current.job.id))
    current = startAttempt(message, options, kinds)
    const { done } = current
    // Whatever nobody expected ends this process, and the worker hears of that.
    void done.then(() => tell({ type: 'ended', isClean: current?.isClean ?? false }))
  })
  setInterval(() => tell({ type: 'beat' }), beatMs).unref()
  tell({ type: 'ready' })
}

type Run = Extract<ParentMessage, { type: 'run' }>

function startAttempt({ job }: Run, options: JobServerOptions, kinds: Map<string, JobKind>) {
  const { deps, database, host } = options
  const kind = kinds.get(job.kind) ?? unknownKind(job.kind)
  const completions = new Completions(database.db, () => {})
  return new Attempt(job, { deps, db: database.db, host, kind, completions, leaseMs: 0 })
}

const unknownKind = (kind: string): JobKind => ({
  handler: () => {
    throw new JobFailure('unknown_kind', `Nothing here runs jobs of the kind ${kind}.`, false)
  },
})

function tell(message: ChildMessage): void {
  if (process.connected) process.send?.(message, () => {})
}
