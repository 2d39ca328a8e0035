import { JobFailure, JobMoot, JobReleased, LeaseLost, StepBroken } from '../jobs/outcome.ts'
import { type RunDefinition, type RunHost, requireSound } from './definition.ts'
import { encodeOutput } from './output.ts'
import { recordStep } from './queries.ts'
import { type Attempt, type Station, stationsOf } from './stations.ts'
import { Trail } from './trail.ts'

export type RunCompletion = { result: Record<string, unknown> }

/**
 * Work in steps, each of which takes effect exactly once: a later attempt goes on behind the last one that ended well.
 * Between them stand checks. Gives a handler for a function's `jobs.ts`; see "Runs" in docs/jobs.md.
 * @throws {Error} the definition cannot be run
 */
export function defineRun<Host extends RunHost>(
  definition: RunDefinition<Host>,
): (host: Host) => Promise<RunCompletion> {
  requireSound(definition)
  const stations = stationsOf(definition)
  return async (host) => {
    const trail = new Trail(host.deps.db, host.job)
    try {
      const done = await passAll(stations, host, trail)
      await trail.close()
      const checks = stations.filter(({ isCheck }) => isCheck).map(({ name }) => done.get(name))
      return { result: { checks } }
    } catch (err) {
      await closeBehind(trail, err)
      throw err
    }
  }
}

async function passAll<Host extends RunHost>(
  stations: readonly Station<Host>[],
  host: Host,
  trail: Trail,
): Promise<ReadonlyMap<string, unknown>> {
  const done = new Map(host.job.steps.map(({ name, output }) => [name, output]))
  for (const station of stations) {
    if (done.has(station.name)) continue
    done.set(station.name, await pass(station, { host, trail, done }))
  }
  return done
}

/** @returns the output as a later attempt will read it */
async function pass<Host extends RunHost>(
  station: Station<Host>,
  attempt: Attempt<Host>,
): Promise<unknown> {
  const { host, trail } = attempt
  const { name } = station
  const startedAt = performance.now()
  const elapsedMs = () => Math.round(performance.now() - startedAt)
  try {
    host.signal.throwIfAborted()
    if (!station.isCheck) trail.add({ type: 'step', data: { step: name, state: 'started' } })
    await trail.flush() // whose lease is lost does not even begin
    const { output, effect, eventOf } = await station.take(attempt)
    host.signal.throwIfAborted()
    const json = encodeOutput(name, output)
    await trail.flush()
    const ms = elapsedMs()
    await recordStep(host.deps.db, host.job, { name, output: json, ms, effect, event: eventOf(ms) })
    return JSON.parse(json)
  } catch (err) {
    const fault = faultAt(name, host.signal.aborted ? host.signal.reason : err)
    if (fault instanceof JobFailure || fault instanceof StepBroken)
      trail.add({
        type: 'step',
        data: { step: name, state: 'failed', ms: elapsedMs(), ...told(fault) },
      })
    throw fault
  }
}

/** What stops the attempt and is no fault of the step stays as it is; all else names the step. */
function faultAt(step: string, err: unknown): unknown {
  if (err instanceof LeaseLost || err instanceof JobMoot || err instanceof JobReleased) return err
  if (err instanceof JobFailure) return new JobFailure(err.code, err.message, err.isFinal, step)
  return new StepBroken(step, err)
}

const told = (fault: JobFailure | StepBroken) =>
  fault instanceof JobFailure
    ? { code: fault.code, message: fault.message }
    : { code: 'internal', message: 'An unexpected error stopped this step.' }

/** The attempt's own error counts, unless it turns out that the attempt is not ours to end. */
async function closeBehind(trail: Trail, err: unknown): Promise<void> {
  try {
    await trail.close()
  } catch (closing) {
    if (closing instanceof LeaseLost) throw closing
    if (err instanceof Error) err.cause ??= closing
  }
}
