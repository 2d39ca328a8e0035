/** Kinds of Octavo's own that a tenant may schedule: their payload is safe whatever it holds. None is yet. */
export const schedulableKinds: readonly string[] = []
