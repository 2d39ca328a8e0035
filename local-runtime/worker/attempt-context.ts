import type { LeasedJob } from '../../db/system.ts'
import type { Deps } from '../../functions/_shared/ports/deps.ts'
import type { JobContext, JobHost } from '../../functions/_shared/ports/jobs.ts'
import type { Log } from '../../functions/_shared/ports/log.ts'
import type { Attempt } from './attempt.ts'

/** What a handler is given. A class: an object with getters of its own for each job would cost more than the job. */
export class AttemptContext implements JobContext {
  readonly deps: Deps
  readonly host: JobHost
  readonly job: LeasedJob
  readonly #attempt: Attempt

  constructor(attempt: Attempt, { deps, host }: Pick<JobContext, 'deps' | 'host'>) {
    this.#attempt = attempt
    this.deps = deps
    this.host = host
    this.job = attempt.job
  }

  get log(): Log {
    return this.#attempt.log
  }

  get signal(): AbortSignal {
    return this.#attempt.signal()
  }

  get progress(): JobContext['progress'] {
    return (done, total) => this.#attempt.progress().report(done, total)
  }
}
