import type { gameMoves } from '../../db/schema/index.ts'
import { rulesOf } from '../../domain/games/catalogue.ts'
import type { Game } from '../../domain/games/keeping.ts'
import type { GameBody, GameMoveBody, ListedGameBody } from './contract.ts'

export type MoveRow = typeof gameMoves.$inferSelect

const timeOrNull = (at: Date | null): string | null => at?.toISOString() ?? null

/** @returns `null` for somebody who looks on */
export const seatOf = ({ players }: Game, userId: string): number | null =>
  players.find((player) => player.userId === userId)?.seat ?? null

export const toListed = (game: Game): ListedGameBody => ({
  id: game.id,
  channel_id: game.channelId,
  rules: game.rules,
  rules_version: game.rulesVersion,
  options: game.options,
  seats: game.seats,
  turn_seconds: game.turnSeconds,
  status: game.status,
  players: game.players.map(({ seat, userId, name }) => ({
    ...{ seat, user_id: userId, name },
    is_gone: userId === null,
  })),
  turn_seat: game.turnSeat,
  turn_due_at: timeOrNull(game.turnDueAt),
  move_count: game.moveCount,
  draw_seats: game.drawSeats,
  outcome: game.endReason && { reason: game.endReason, winner_seats: game.winnerSeats ?? [] },
  created_by: game.createdByUserId,
  version: game.version,
  created_at: game.createdAt.toISOString(),
  started_at: timeOrNull(game.startedAt),
  ended_at: timeOrNull(game.endedAt),
  updated_at: game.updatedAt.toISOString(),
})

/** A game as one user sees it. */
export function toGame(game: Game, userId: string): GameBody {
  const seat = seatOf(game, userId)
  const { state } = game
  const shown = { ...toListed(game), state, your_seat: seat }
  if (state === null) return { ...shown, scores: null, legal_moves: [] }
  const rules = rulesOf(game)
  const isTheirTurn = seat !== null && seat === game.turnSeat
  const legalMoves = isTheirTurn ? rules.legalMoves(state) : []
  return { ...shown, scores: rules.scoresOf(state), legal_moves: legalMoves }
}

export const toMove = ({ number, seat, kind, move, version, at }: MoveRow): GameMoveBody => ({
  ...{ number, seat, kind, move, version },
  at: at.toISOString(),
})
