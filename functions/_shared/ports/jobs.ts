import type { Tx } from '../../../db/client.ts'
import type { LeasedJob } from '../../../db/system-jobs.ts'
import type { Deps } from './deps.ts'
import type { Log } from './log.ts'

/** What a job may use of the machine that runs it. */
export type JobHost = {
  /** Path of a program to run as a killable child process, by the name of its build entry. */
  childPath(program: 'extraction'): string
  /** Only this user may enter it; what a dead worker left there is removed by the next one. */
  temporaryFolder: string
  extraction: {
    pagesMax: number
    memoryBytesMax: number
    deadlineMs: number // one document, one attempt
    stallMs: number // without a page
  }
}

export type JobContext = {
  deps: Deps
  job: LeasedJob
  host: JobHost
  log: Log // carries kind, job and request id
  /** Aborts when the job was cancelled, its lease is lost or the worker stops; its reason says which. Throw that. */
  signal: AbortSignal
}

/** `effect` runs in the transaction that completes the job, which may run several times: both happen or neither. */
export type JobCompletion = {
  result?: Record<string, unknown>
  effect?: (tx: Tx) => Promise<void>
}

/** Runs one attempt. It may run again at any time after any of its statements, in another process. */
export type JobHandler = (context: JobContext) => Promise<JobCompletion>
