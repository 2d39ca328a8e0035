import type { Tx } from '../../db/client.ts'
import { type HeldChannel, holdChannel } from '../../domain/channels/access.ts'
import { type PostRefusal, writingRefusal } from '../../domain/channels/posting-rules.ts'
import { isManager, standingOf } from '../../domain/channels/rights.ts'
import { findGame, type Game } from '../../domain/games/keeping.ts'
import { type Call, identityOf } from '../_shared/http/call.ts'
import { etagOf } from '../_shared/http/etag.ts'
import { AppError, type ProblemCode } from '../_shared/http/problems.ts'
import { findChannelId, isInTrash } from './queries.ts'

export const missing = (): AppError => new AppError('not_found', 'There is nothing here.')

type Open = { game: Game; channel: HeldChannel }

/**
 * A game to change: its channel is held, and the caller may write there.
 * @param needsVersion without `If-Match` the caller gets 428
 * @throws {AppError} what is to be said first comes first: 404, 428, 412, 409 or 403
 */
export async function openGame(
  tx: Tx,
  c: Call,
  { id, needsVersion = false }: { id: string; needsVersion?: boolean },
): Promise<Open> {
  const channelId = await findChannelId(tx, c.tenantId, id)
  const channel = channelId && (await holdChannel(tx, identityOf(c.identity), channelId))
  const game = channel && (await findGame(tx, c.tenantId, id))
  if (!game) throw missing()
  if (needsVersion && c.request.headers.get('if-match') === null) throw versionRequired(game)
  requireRead(c, game, needsVersion)
  await requireWriter(tx, c, channel)
  return { game, channel }
}

const whatIsNow = ({ version, status, turnSeat, moveCount }: Game): string => {
  const played = `${moveCount} move${moveCount === 1 ? '' : 's'} played`
  const turn = turnSeat === null ? status : `the turn of seat ${turnSeat}`
  return `It is at ${etagOf(version)} now: ${played}, ${turn}.`
}

const versionRequired = (game: Game): AppError =>
  new AppError('version_required', 'A move needs the version of the game that you have read.', {
    hint: `Send its ETag as If-Match. ${whatIsNow(game)}`,
  })

/** `*` names no version: where one is needed, it would let two moves at once both be played. */
function requireRead(c: Call, game: Game, needsVersion: boolean): void {
  if (c.ifMatch === null && needsVersion) throw versionRequired(game)
  if (c.ifMatch === null || c.ifMatch.includes(game.version)) return
  const detail = whatIsNow(game)
  throw new AppError('stale_version', 'The game has changed since you read it.', {
    headers: { ETag: etagOf(game.version) },
    hint: `${detail} Read it again before you decide.`,
    errors: [{ in: 'header', pointer: '/if-match', code: 'changed', detail }],
  })
}

/** @throws {AppError} nobody can write in the channel now, or the caller cannot */
export async function requireWriter(tx: Tx, c: Call, channel: HeldChannel): Promise<void> {
  const { kind, memberRole, archivedAt, documentId, tenantId } = channel
  const isDocumentTrashed = documentId !== null && (await isInTrash(tx, tenantId, documentId))
  const place = { kind, isArchived: archivedAt !== null, isDocumentTrashed }
  const { role } = identityOf(c.identity)
  const refusal = writingRefusal(place, { role, memberRole })
  if (refusal) throw refusalOf(refusal.reason)
}

const refusals: Partial<Record<PostRefusal['reason'], [ProblemCode, string, string]>> = {
  archived: ['conflict', 'The channel is archived.', 'It can be read, and nothing else.'],
  document_trashed: ['conflict', 'The document is in the trash.', 'Restore it first.'],
  observer: ['forbidden', 'You read this channel and do not write in it.', 'Ask for another role.'],
  not_member: ['forbidden', 'You have not joined this channel.', 'Join it first.'],
}

function refusalOf(reason: PostRefusal['reason']): AppError {
  const [code, message, hint] = refusals[reason] ?? []
  return code && message && hint ? new AppError(code, message, { hint }) : missing()
}

/** May they decide about a game that is not theirs? */
export const isManagerOf = (c: Call, channel: HeldChannel): boolean =>
  isManager(standingOf(channel, identityOf(c.identity).role))
