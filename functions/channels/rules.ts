import type { ChannelKind, MemberRole, Role } from '../../db/schema/index.ts'
import type { SeenChannel } from '../../domain/channels/access.ts'
import { isManager, standingOf } from '../../domain/channels/rights.ts'
import { AppError } from '../_shared/http/problems.ts'

/** People who talk in one direct channel, with whoever makes it. */
export const directPeopleMax = 8

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

/** A fault of one field of the body. */
export const invalid = (pointer: string, code: string, detail: string, hint?: string): AppError =>
  new AppError('invalid', `body ${pointer}: ${detail}`, {
    ...(hint ? { hint } : {}),
    errors: [{ in: 'body', pointer, code, detail, ...(hint ? { hint } : {}) }],
  })

type Wanted = {
  kind: ChannelKind
  name?: string | undefined
  document_id?: string | undefined
  user_ids?: readonly string[] | undefined
}
type Fault = { field: keyof Wanted; message: string }

/** What does not fit the kind of a channel to be made. */
export function creationFaults({ kind, name, document_id, user_ids }: Wanted): Fault[] {
  const faults: Fault[] = []
  const isDirect = kind === 'direct'
  if (isDirect && name !== undefined)
    faults.push({ field: 'name', message: 'A direct channel has no name.' })
  if ((kind === 'public' || kind === 'private') && name === undefined)
    faults.push({ field: 'name', message: `A ${kind} channel has a name.` })
  if ((kind === 'document') !== (document_id !== undefined))
    faults.push({ field: 'document_id', message: 'A document channel, and only that, has it.' })
  if (kind === 'document' && user_ids !== undefined)
    faults.push({ field: 'user_ids', message: 'A document channel is for all who read documents.' })
  if (isDirect && (user_ids === undefined || user_ids.length === 0))
    faults.push({ field: 'user_ids', message: 'Say who else talks in it.' })
  return faults
}

const forbidden = (detail: string): AppError => new AppError('forbidden', detail)

/** @throws {AppError} `forbidden` unless they own or moderate the channel */
export function requireManager(channel: SeenChannel, role: Role): MemberRole {
  const standing = standingOf(channel, role)
  if (standing && isManager(standing)) return standing
  throw forbidden(
    channel.kind === 'direct'
      ? 'In a direct channel nobody is above the others, and it stays as it is.'
      : 'Owners and moderators of the channel may do this.',
  )
}

/** @throws {AppError} `forbidden` unless they own the channel */
export function requireOwner(channel: SeenChannel, role: Role): void {
  if (requireManager(channel, role) === 'owner') return
  throw forbidden('Owners of the channel may do this.')
}

/** @throws {AppError} `conflict` in an archived channel */
export function requireOpen({ archivedAt }: Pick<SeenChannel, 'archivedAt'>): void {
  if (archivedAt === null) return
  throw new AppError('conflict', 'The channel is archived.', {
    hint: 'An owner can let it take changes again: POST /v1/channels/{id}/unarchive.',
  })
}

/** @throws {AppError} `forbidden`: nobody joins, leaves or is put out of a direct channel */
export function requireNotDirect({ kind }: Pick<SeenChannel, 'kind'>): void {
  if (kind === 'direct')
    throw forbidden('A direct channel is of the same people for ever. Make another with others.')
}
