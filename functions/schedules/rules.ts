import type * as z from 'zod'
import { firstPart, isReservedKind } from '../../domain/jobs/kinds.ts'
import { schedulableKinds } from '../../domain/schedules/kinds.ts'
import { TimetableFault } from '../../domain/schedules/timetable-fault.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'
import { didYouMean } from '../_shared/http/suggestion.ts'

type Scheduled = { kind: string; payload: Record<string, unknown> }

/** @throws {AppError} `invalid`: a kind of Octavo's own that may not be scheduled, or not with this payload */
export function requireSchedulable(
  { kind, payload }: Scheduled,
  functionNames: readonly string[],
): void {
  const shape = schedulableKinds.get(kind)
  if (shape) requirePayload(shape, payload)
  if (shape || !isReservedKind(kind, functionNames)) return
  throw invalid({
    pointer: '/kind',
    code: 'reserved_kind',
    detail: `Kinds that begin with "${firstPart(kind)}." are Octavo's own.`,
    hint: 'Begin the names of your kinds with a word of your own, e.g. "reports.render".',
  })
}

function requirePayload(shape: z.ZodType, payload: Record<string, unknown>): void {
  const [issue] = shape.safeParse(payload).error?.issues ?? []
  if (!issue) return
  const pointer = ['/payload', ...issue.path.map(String)].join('/')
  throw invalid({ pointer, code: 'invalid_payload', detail: issue.message })
}

/**
 * Runs what follows a timetable.
 * @param timeZone as the caller gave it
 * @throws {AppError} `invalid`, at the field that cannot be followed; whatever else `work` throws
 */
export async function withTimetable<T>(
  timeZone: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (err) {
    if (!(err instanceof TimetableFault)) throw err
    const near = err.part === 'time_zone' && timeZone ? zoneNear(timeZone) : undefined
    const hint = err.hint ?? near
    const fault = { pointer: `/${err.part}`, code: `invalid_${err.part}`, detail: err.message }
    throw invalid({ ...fault, ...(hint && { hint }) })
  }
}

function zoneNear(given: string): string | undefined {
  const near = didYouMean(given, ['UTC', ...Intl.supportedValuesOf('timeZone')])
  return near === null ? undefined : `Did you mean "${near}"?`
}

function invalid(fault: Omit<InputFault, 'in'>): AppError {
  const { pointer, detail, hint } = fault
  const errors = [{ in: 'body' as const, ...fault }]
  return new AppError('invalid', `body ${pointer}: ${detail}`, { errors, ...(hint && { hint }) })
}
