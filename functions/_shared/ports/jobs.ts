import type { Tx } from '../../../db/client.ts'
import type { LeasedJob } from '../../../db/system-jobs.ts'
import type { AiProvider } from './ai.ts'
import type { Deps } from './deps.ts'
import type { Log } from './log.ts'
import type { Outgoing } from './outgoing.ts'

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
  /** How pictures of pages are read; `null`: they are not. */
  ocr: {
    recognition: {
      dpi: number // at which pages are drawn
      languages: string[]
      dataPaths: string[] // one a language, compressed or not
    }
    pagesMax: number // of one document
    deadlineMs: number // one page, one attempt
  } | null
  /** Who writes artifacts, and how much of a document they get to read. */
  ai: { provider: AiProvider; documentCharsMax: number }
  /** Requests to other people's servers. */
  outgoing: Outgoing
}

export type JobContext = {
  readonly deps: Deps
  readonly job: LeasedJob
  readonly host: JobHost
  readonly log: Log // carries kind, job and request id
  /**
   * Aborts when the job was cancelled, its lease is lost, its time is up or the worker stops; its reason says which.
   * Throw that.
   */
  readonly signal: AbortSignal
  /**
   * Tells how far the attempt has come, in whole numbers. Costs nothing to call often: at most one write in 200 ms, and
   * the last one is stored with the end. What is stored never falls.
   */
  progress(done: number, total: number): void
}

/** `effect` runs in the transaction that completes the job, which may run several times: both happen or neither. */
export type JobCompletion = {
  result?: Record<string, unknown>
  effect?: (tx: Tx) => Promise<void>
}

/** Runs one attempt. It may run again at any time after any of its statements, in another process. */
export type JobHandler = (context: JobContext) => Promise<JobCompletion>

/** A kind of job and what it may take of a worker. */
export type JobKind = {
  handler: JobHandler
  /** How many may run in one worker at once; the worker's own concurrency (or number of processes) when left out. */
  concurrency?: number
  /** Of one attempt, where the job itself does not say. Default: no limit; 15 minutes in a process of its own. */
  runMsMax?: number
  /**
   * `shared` (default) runs in the worker: it must neither block the event loop nor hold much memory. `process` runs
   * one job at a time in a child process that may do both, crash or hang, and is killed alone.
   */
  isolation?: 'shared' | 'process'
  /** Resident memory of such a process, its base of some 80 MiB included; the host's setting when left out. */
  memoryBytesMax?: number
  /**
   * The wait after the first failed attempt; it doubles up to five minutes. Default 1,000; 0 for none. A list: after each
   * attempt, the last one from then on.
   */
  retryMs?: number | readonly number[]
  /** Failures that the handler states are everyday to it: they are logged as information, and are no warnings. */
  mayFailOften?: boolean
  /** Of the worker's places, at least one: for jobs that wait for others most of their time. Default: all. */
  placesShare?: number
  /** `unsuccessful`: completed jobs leave nothing behind, which makes them cheaper. Default `all`. */
  history?: 'all' | 'unsuccessful'
}

/** What a function's `jobs.ts` exports as `jobs`. */
export type JobKinds = Record<string, JobHandler | JobKind>
