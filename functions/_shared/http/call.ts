import type { Role } from '../../../db/schema/users.ts'
import type { Log } from '../ports/log.ts'
import type { WriteOptions, WriteWork } from './idempotency.ts'
import type { Cursors } from './pages.ts'
import { AppError } from './problems.ts'
import type { Reply } from './route.ts'

/** Who calls. `role` is the effective one: never above the user's nor the key's. */
export type Identity = {
  tenantId: string
  userId: string
  keyId: string
  role: Role
  isOperator: boolean // of the operator's tenant
}

/** One request on its way through a handler. */
export type Call = {
  request: Request
  url: URL
  requestId: string
  log: Log
  /** Aborts at the route's deadline and when the caller goes away. */
  signal: AbortSignal
  identity: Identity | null
  readonly tenantId: string
  readonly userId: string
  /** Would the caller be let in again with the same rights? What streams events asks by itself. */
  stillAdmitted(): Promise<boolean>
  cursors: Cursors
  /** Versions of `If-Match`; `null` when the header is absent or `*`. A tag that we never made matches nothing. */
  ifMatch: readonly number[] | null
  /** Has an earlier request used this Idempotency-Key? Then `write` does no work: it replays that reply, or refuses. */
  isRepeat: boolean
  /**
   * Runs writes in one transaction; the idempotency mark commits with them. Every POST that changes state uses it.
   * The work may run again after a serialisation failure: it must only use `tx`.
   */
  write<R extends Reply>(work: WriteWork<R>, options?: WriteOptions): Promise<R>
}

/** The caller of a route that is not public; the kit has authenticated before any handler runs. */
export function identityOf(identity: Identity | null): Identity {
  if (!identity) throw new Error('a public route asked for the identity of its caller')
  return identity
}

const requestIdPattern = /^[A-Za-z0-9._-]{8,64}$/

/** The caller's own id when it is a sane one, else a new UUID. */
export function requestIdOf(headers: Headers): string {
  const given = headers.get('x-request-id')
  return given && requestIdPattern.test(given) ? given : crypto.randomUUID()
}

/** Fails with 412 unless `version` is one that the caller expects. */
export function requireVersion(c: Call, version: number): void {
  if (c.ifMatch && !c.ifMatch.includes(version))
    throw new AppError('stale_version', 'The resource has changed since you read it.', {
      hint: 'Read it again and repeat the change with its new ETag.',
    })
}
