import { blobDeletionJobKind } from '../../domain/documents/processing.ts'
import { AppError, type InputFault } from '../_shared/http/problems.ts'

const firstPart = (kind: string): string => kind.split('.', 1)[0] ?? ''

/**
 * Is this a kind of Octavo's own? Its first part is then a function's name, or that of work which functions share: no
 * caller may queue it, because its payload is trusted, nor lease it, because nobody else knows how to run it.
 */
export const isReservedKind = (kind: string, functionNames: readonly string[]): boolean =>
  firstPart(kind) === firstPart(blobDeletionJobKind) || functionNames.includes(firstPart(kind))

type NamedKind = { kind: string; pointer: string }

// More help nobody.
const faultsMax = 100

/** @throws {AppError} `invalid`, with a fault for each reserved kind */
export function refuseReservedKinds(
  kinds: readonly NamedKind[],
  functionNames: readonly string[],
): void {
  const errors = kinds
    .filter(({ kind }) => isReservedKind(kind, functionNames))
    .map(({ kind, pointer }): InputFault => {
      const detail = `Kinds that begin with "${firstPart(kind)}." are Octavo's own.`
      return { in: 'body', pointer, code: 'reserved_kind', detail }
    })
  const [first] = errors
  if (!first) return
  throw new AppError('invalid', `body ${first.pointer}: ${first.detail}`, {
    errors: errors.slice(0, faultsMax),
    hint: 'Begin the names of your kinds with a word of your own, e.g. "reports.render".',
  })
}
