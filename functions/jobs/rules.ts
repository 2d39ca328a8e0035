import { firstPart, isReservedKind } from '../../domain/jobs/kinds.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'

type NamedKind = { kind: string; pointer: string }

// More help nobody.
const faultsMax = 100

/** @throws {AppError} `invalid`, with a fault for each kind that is Octavo's own */
export function refuseReservedKinds(
  kinds: readonly NamedKind[],
  functionNames: readonly string[],
): void {
  const errors = kinds
    .filter(({ kind }) => isReservedKind(kind, functionNames))
    .slice(0, faultsMax)
    .map(({ kind, pointer }): InputFault => {
      const detail = `Kinds that begin with "${firstPart(kind)}." are Octavo's own.`
      return { in: 'body', pointer, code: 'reserved_kind', detail }
    })
  const [first] = errors
  if (!first) return
  throw new AppError('invalid', `body ${first.pointer}: ${first.detail}`, {
    errors,
    hint: 'Begin the names of your kinds with a word of your own, e.g. "reports.render".',
  })
}
