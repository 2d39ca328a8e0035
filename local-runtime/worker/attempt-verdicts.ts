import type { JobFault } from '../../domain/jobs/lease.ts'
import { JobFailure, StepBroken } from '../../domain/jobs/outcome.ts'
import { storableFault } from '../../domain/jobs/storable.ts'

// Of unknown origin, so the user learns only that; the log has the whole error.
const unexpected: JobFault = {
  code: 'internal',
  message: 'An unexpected error stopped this attempt.',
  isFinal: false,
}

export const faultOf = ({ code, message, isFinal, step }: JobFailure): JobFault =>
  storableFault({ code, message, isFinal, step })

export const unexpectedBy = (reason: unknown): JobFault =>
  reason instanceof StepBroken ? { ...unexpected, step: reason.step } : unexpected

/** Why the attempt was stopped comes first; a run gives the same reason with the step that it met. */
export const verdictOn = (stop: Error | undefined, thrown: unknown): unknown =>
  stop instanceof JobFailure && thrown instanceof JobFailure && thrown.code === stop.code
    ? thrown
    : (stop ?? thrown)

export const overdue = () =>
  new JobFailure('timeout', 'The attempt took longer than it may.', false)
