import type * as z from 'zod'
import { RefreshPayload, refreshJobKind } from '../conferences/refresh-order.ts'

/** Kinds of Octavo's own that a tenant may schedule: their payload is safe whatever it holds, and is to look like this. */
export const schedulableKinds: ReadonlyMap<string, z.ZodType> = new Map([
  [refreshJobKind, RefreshPayload],
])
