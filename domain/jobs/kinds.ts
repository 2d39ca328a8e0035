import { blobDeletionJobKind } from '../documents/processing.ts'

/** How callers may name their kinds: words joined by dots. */
export const kindPattern = /^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/
export const kindCharactersMax = 100

/** What stands before the first dot: whose work it is. */
export const firstPart = (kind: string): string => kind.split('.', 1)[0] ?? ''

/**
 * Is this a kind of Octavo's own? It then begins with a function's name, or with that of work which functions share.
 * No caller may queue such a job, because its payload is trusted, nor lease it, because nobody else can run it.
 * @param functionNames of all functions of the host
 */
export const isReservedKind = (kind: string, functionNames: readonly string[]): boolean =>
  [firstPart(blobDeletionJobKind), ...functionNames].includes(firstPart(kind))
