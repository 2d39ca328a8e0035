import type { LeasedJob } from '../../db/system.ts'
import { JobFailure, JobMoot, JobReleased, LeaseLost } from '../../domain/jobs/outcome.ts'

/** Why an attempt shall stop, as it goes to the process that runs it. */
type ToldReason =
  | { type: 'cancelled' | 'released' | 'lost' }
  | { type: 'failed'; code: string; message: string; isFinal: boolean }

/** What the worker says to a process that runs its jobs one by one. */
export type ParentMessage = { type: 'run'; job: LeasedJob } | { type: 'stop'; reason: ToldReason }

export type ChildMessage =
  | { type: 'ready' }
  | { type: 'beat' }
  /** The end of the job is written; `isClean`: the process may have another. */
  | { type: 'ended'; isClean: boolean }

export function toldReason(reason: unknown): ToldReason {
  if (reason instanceof JobMoot) return { type: 'cancelled' }
  if (reason instanceof JobReleased) return { type: 'released' }
  if (!(reason instanceof JobFailure)) return { type: 'lost' }
  const { code, message, isFinal } = reason
  return { type: 'failed', code, message, isFinal }
}

export function reasonOf(told: ToldReason, jobId: string): Error {
  if (told.type === 'cancelled') return new JobMoot()
  if (told.type === 'released') return new JobReleased()
  if (told.type === 'failed') return new JobFailure(told.code, told.message, told.isFinal)
  return new LeaseLost(jobId)
}
