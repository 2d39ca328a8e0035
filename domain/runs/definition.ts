import type { Db, Tx } from '../../db/client.ts'
import type { LeasedJob } from '../../db/system-jobs.ts'
import type { Verdict } from './checks.ts'

/** What a run needs of the worker; a `JobContext` has it. */
export type RunHost = {
  readonly deps: { readonly db: Db; readonly now: () => Date }
  readonly job: LeasedJob
  readonly signal: AbortSignal
  progress(done: number, total: number): void
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

type Earlier = {
  /** Of finished steps, by name. Perhaps stored by older code: read them as you would read a request. */
  readonly outputs: Readonly<Record<string, unknown>>
}

export type StepContext<Host extends RunHost = RunHost> = Earlier & {
  readonly host: Host
  readonly job: LeasedJob
  readonly signal: AbortSignal // aborts when the attempt has to stop: throw its reason
  /** One line of the run's story: at most 2,000 characters, 1,000 lines an attempt; what is over is counted. */
  log(message: string, level?: LogLevel): void
  progress(done: number, total: number): void
}

/** `effect` runs in the transaction that records the step, perhaps several times: both happen or neither. */
export type StepResult = {
  output?: unknown // JSON of at most 64 KiB; default null
  effect?: (tx: Tx) => Promise<void>
}

export type RunStep<Host extends RunHost> = {
  name: string // stays the same while runs of it may be under way
  run(context: StepContext<Host>): Promise<StepResult>
}

export type CheckContext = Earlier & {
  readonly job: LeasedJob
  now(): Date
  /** The values of this check in the latest run of this kind and tenant that completed; `null`: there is none. */
  previous(): Promise<Readonly<Record<string, unknown>> | null>
}

/** Looks at what the steps so far have given. It has no effect itself; once answered, no later attempt asks again. */
export type RunCheck = {
  name: string
  after?: string // name of a step; default: the last one
  severity?: 'error' | 'warn' // default `error`: a failed check fails the run, for good
  check(context: CheckContext): Verdict | Promise<Verdict>
}

export type RunDefinition<Host extends RunHost> = {
  steps: readonly RunStep<Host>[]
  checks?: readonly RunCheck[]
}

/** Before a check's name: under which it is recorded among the steps. */
export const checkPrefix = 'check:'

const stepsMax = 50
const checksMax = 50
const nameCharactersMax = 100

/** @throws {Error} names are missing, too long or not unique, a check stands after no step, or there are too many */
export function requireSound<Host extends RunHost>({
  steps,
  checks = [],
}: RunDefinition<Host>): void {
  if (steps.length === 0 || steps.length > stepsMax)
    throw new Error(`A run has 1 to ${stepsMax} steps, not ${steps.length}.`)
  if (checks.length > checksMax) throw new Error(`A run has at most ${checksMax} checks.`)
  for (const list of [steps, checks]) requireNames(list.map(({ name }) => name))
  const taken = steps.find(({ name }) => name.startsWith(checkPrefix))
  if (taken) throw new Error(`"${taken.name}" is the name of a check, not of a step.`)
  for (const { name, after } of checks)
    if (after !== undefined && steps.every((step) => step.name !== after))
      throw new Error(`The check "${name}" stands after the step "${after}", which is not there.`)
}

function requireNames(names: readonly string[]): void {
  for (const name of names)
    if (name.trim() === '' || name.length > nameCharactersMax || /\p{C}/u.test(name))
      throw new Error(
        `"${name}" is no name: it takes 1 to ${nameCharactersMax} visible characters.`,
      )
  if (new Set(names).size < names.length)
    throw new Error(`Two have the same name: ${names.join(', ')}.`)
}
