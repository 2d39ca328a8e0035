/** A job's own verdict on its attempt. Anything else that is thrown is a fault of ours, and is tried again. */
export class JobFailure extends Error {
  readonly code: string
  readonly isFinal: boolean // trying again cannot help
  readonly step: string | undefined // of a run, where it failed

  constructor(code: string, publicMessage: string, isFinal: boolean, step?: string) {
    super(publicMessage)
    this.name = 'JobFailure'
    this.code = code
    this.isFinal = isFinal
    this.step = step
  }
}

/** The same, where something outside has said when it is worth to try again. */
export class JobPutOff extends JobFailure {
  /** From now, when that is later than the kind's own wait. */
  readonly waitMsMin: number

  constructor(code: string, publicMessage: string, waitMsMin: number) {
    super(code, publicMessage, false)
    this.waitMsMin = waitMsMin
  }
}

/** An unexpected error, its `cause`, stopped a step of a run. */
export class StepBroken extends Error {
  readonly step: string

  constructor(step: string, cause: unknown) {
    super(`The step "${step}" was stopped by an unexpected error.`, { cause })
    this.name = 'StepBroken'
    this.step = step
  }
}

/** There is nothing left to do: cancelled, or what the job works on is gone. The job ends as cancelled. */
export class JobMoot extends Error {
  constructor(message = 'The job was cancelled.') {
    super(message)
    this.name = 'JobMoot'
  }
}

/** The worker has to stop: the job goes back to the queue and the attempt does not count. */
export class JobReleased extends Error {
  constructor() {
    super('The worker is stopping.')
    this.name = 'JobReleased'
  }
}

/** The job waits for its parts (`waitForParts`), which is written already: this attempt has given up its lease. */
export class JobParked extends Error {
  constructor() {
    super('The job waits for its parts.')
    this.name = 'JobParked'
  }
}

/** The job belongs to somebody else by now, or is gone: whatever this attempt wanted to write must not be written. */
export class LeaseLost extends Error {
  constructor(jobId: string) {
    super(`The lease on job ${jobId} is lost.`)
    this.name = 'LeaseLost'
  }
}
