import type { Dependency, WaitFacts } from '../../db/system-jobs-why.ts'
import type { Cause } from './why-causes.ts'
import { counted, type Estimate, meanMsOf, unknown } from './why-estimate.ts'

const isOpen = ({ status }: Dependency): boolean =>
  status === 'queued' || status === 'waiting' || status === 'running'
const isBroken = (dependency: Dependency): boolean =>
  !isOpen(dependency) &&
  dependency.status !== null &&
  dependency.status !== 'completed' &&
  dependency.onFailure === 'cancel'

/** Other jobs that have to end first, or one that did not complete and takes this job with it. */
export function dependencies(facts: WaitFacts): Cause[] {
  const { job } = facts
  if (job.dependenciesOpen === 0 && !job.isDependencyFailed) return []
  const will_be_cancelled = job.isDependencyFailed || facts.dependencies.some(isBroken)
  const jobs = facts.dependencies.map(({ id, kind, status }) => ({ id, kind, status }))
  const open = Math.max(
    0,
    job.dependenciesOpen - facts.dependencies.filter((d) => !isOpen(d)).length,
  )
  return [
    {
      ...(will_be_cancelled ? unknown('It will not begin.') : endOfAll(facts)),
      cause: 'dependency',
      sentence: will_be_cancelled ? cancelledSentence(facts) : openSentence(facts, open),
      data: { open, will_be_cancelled, jobs },
    },
  ]
}

/** Does one that it waited for end it, so that nothing else matters? */
export const isDoomed = (cause: Cause): boolean =>
  cause.cause === 'dependency' && cause.data.will_be_cancelled

function cancelledSentence({ dependencies }: WaitFacts): string {
  const broken = dependencies.find(isBroken)
  const which = broken ? `The job ${broken.id} that it waited for` : 'A job that it waited for'
  const how = broken?.status ? `ended as ${broken.status}` : 'did not complete'
  return `${which} ${how}, so this one will be cancelled.`
}

function openSentence({ dependencies }: WaitFacts, open: number): string {
  if (open === 0) return 'The jobs that it waited for have ended; it hears of that within a second.'
  const statuses = new Map<string, number>()
  for (const { status } of dependencies.filter(isOpen))
    if (status) statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const parts = [...statuses].map(([status, count]) => `${count} ${status}`)
  return `It waits for the end of ${counted(open, 'other job')} (${parts.join(', ')}).`
}

/** Known only when all of them run and their kinds have been measured. */
function endOfAll(facts: WaitFacts): Estimate {
  const now = Date.parse(facts.at)
  const open = facts.dependencies.filter(isOpen)
  if (facts.job.dependenciesOpen > facts.dependencies.length)
    return unknown('It waits for more jobs than are looked at.')
  let last = now
  for (const { kind, leasedAt, status } of open) {
    if (status !== 'running' || leasedAt === null || kind === null)
      return unknown('A job that it waits for has not begun itself.')
    const meanMs = meanMsOf(facts, kind)
    if (meanMs === null)
      return unknown(
        `No job of the kind ${kind} has ended lately, so how long one takes is not known.`,
      )
    last = Math.max(last, Date.parse(leasedAt) + meanMs)
  }
  const basis =
    'The jobs that it waits for run, and have then run for as long as theirs do on average.'
  return { expectedAt: new Date(last), basis }
}
