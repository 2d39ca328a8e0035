import type { Tx } from '../../db/client.ts'
import { JobFailure } from '../jobs/outcome.ts'
import {
  type CheckContext,
  checkPrefix,
  type RunCheck,
  type RunDefinition,
  type RunHost,
  type RunStep,
  type StepContext,
} from './definition.ts'
import { findPreviousChecks, type TrailEvent } from './queries.ts'
import type { Trail } from './trail.ts'

/** Under way: outputs by the names of stations. */
export type Attempt<Host extends RunHost> = {
  host: Host
  trail: Trail
  done: ReadonlyMap<string, unknown>
}

type Taken = {
  output: unknown
  effect?: ((tx: Tx) => Promise<void>) | undefined
  eventOf: (ms: number) => TrailEvent
}

/** A step or a check: done once, then recorded under its name. */
export type Station<Host extends RunHost> = {
  name: string
  isCheck: boolean
  take(attempt: Attempt<Host>): Promise<Taken>
}

/** Steps in their order, each with the checks that stand behind it. */
export function stationsOf<Host extends RunHost>({
  steps,
  checks = [],
}: RunDefinition<Host>): Station<Host>[] {
  const last = steps.at(-1)?.name
  return steps.flatMap((step) => [
    stepStation(step),
    ...checks.filter(({ after = last }) => after === step.name).map(checkStation<Host>),
  ])
}

const outputsOf = (done: ReadonlyMap<string, unknown>): Record<string, unknown> =>
  Object.fromEntries([...done].filter(([name]) => !name.startsWith(checkPrefix)))

function stepStation<Host extends RunHost>({ name, run }: RunStep<Host>): Station<Host> {
  return {
    name,
    isCheck: false,
    async take({ host, trail, done }) {
      const context: StepContext<Host> = {
        host,
        job: host.job,
        signal: host.signal,
        outputs: outputsOf(done),
        log: (message, level = 'info') => trail.log(message, { step: name, level }),
        progress: (count, total) => host.progress(count, total),
      }
      const { output = null, effect } = await run(context)
      const eventOf = (ms: number): TrailEvent => ({
        type: 'step',
        data: { step: name, state: 'finished', ms },
      })
      return { output, effect, eventOf }
    },
  }
}

function checkStation<Host extends RunHost>(check: RunCheck): Station<Host> {
  const { name } = check
  return {
    name: `${checkPrefix}${name}`,
    isCheck: true,
    async take({ host, trail, done }) {
      const verdict = await check.check(checkContext(host, name, done))
      const { passed, values, message, severity = check.severity ?? 'error' } = verdict
      const finding = { name, severity, passed, values, message }
      const event: TrailEvent = {
        type: 'check',
        data: { check: name, severity, passed, values, message },
      }
      if (passed || severity === 'warn') return { output: finding, eventOf: () => event }
      trail.add(event)
      throw new JobFailure('check_failed', `The check "${name}" failed: ${message}`, true)
    },
  }
}

function checkContext(
  { deps, job }: RunHost,
  name: string,
  done: ReadonlyMap<string, unknown>,
): CheckContext {
  return {
    job,
    outputs: outputsOf(done),
    now: () => deps.now(),
    previous: async () => valuesOf(await findPreviousChecks(deps.db, job), name),
  }
}

function valuesOf(checks: unknown, name: string): Record<string, unknown> | null {
  const list: unknown[] = Array.isArray(checks) ? checks : []
  const isOurs = (entry: unknown): entry is { values: Record<string, unknown> } =>
    typeof entry === 'object' &&
    entry !== null &&
    Reflect.get(entry, 'name') === name &&
    typeof Reflect.get(entry, 'values') === 'object'
  return list.find(isOurs)?.values ?? null
}
