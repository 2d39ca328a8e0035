import type { Tx } from '../../db/client.ts'
import type { HeldChannel } from '../../domain/channels/access.ts'
import { joinChannel } from '../../domain/channels/joining.ts'
import { rulesOf } from '../../domain/games/catalogue.ts'
import { type Game, type GameChange, type GameEvent, saveGame } from '../../domain/games/keeping.ts'
import { bodyFault, conflict, invalid } from './faults.ts'
import { closeGaps, insertPlayer } from './queries.ts'

type Entering = { userId: string; at: Date }

/** Who plays in a channel that is open to them is a member of it from then on. */
export async function enter(tx: Tx, channel: HeldChannel, { userId, at }: Entering): Promise<void> {
  if (channel.memberRole !== null) return
  await joinChannel(tx, channel, { userId, role: 'member', actorUserId: userId, at })
}

type SitDown = { channel: HeldChannel; userId: string; seat: number; at: Date }

/** The game with somebody in a seat that is free. */
export async function sitDown(
  tx: Tx,
  game: Game,
  { channel, userId, seat, at }: SitDown,
): Promise<Game> {
  const player = await insertPlayer(tx, game, { userId, seat, nickname: channel.nickname, at })
  return { ...game, players: [...game.players, player].sort((a, b) => a.seat - b.seat) }
}

type Beginning = { events?: GameEvent[]; actorUserId: string; at: Date }

/** Begins a game whose seats are all taken; another one stays as it is. */
export const beginWhenFull = async (tx: Tx, game: Game, beginning: Beginning): Promise<Game> =>
  game.players.length < game.seats ? game : begin(tx, game, beginning)

/** Begins with those who sit there, moved up to the first seats. */
export async function begin(
  tx: Tx,
  game: Game,
  { events = [], actorUserId, at }: Beginning,
): Promise<Game> {
  const players = await closeGaps(tx, game)
  const rules = rulesOf(game)
  const seats = players.length
  const state = rules.initial(game.options, seats)
  const [turnSeat, turnDueAt] = [rules.turnOf(state), dueAt(game, at)]
  const change: GameChange = { status: 'running', seats, state, startedAt: at, turnSeat, turnDueAt }
  const started: GameEvent = { type: 'game.started', actorUserId, data: { seats } }
  return saveGame(tx, { ...game, players }, { change, events: [...events, started], at })
}

/** When the next move has to be there; `null` without a clock. */
export const dueAt = ({ turnSeconds }: Game, at: Date): Date | null =>
  turnSeconds === null ? null : new Date(at.getTime() + turnSeconds * 1_000)

type Wish = { own: number | null; wanted: number | undefined }

/** @throws {AppError} there is no such seat, it is taken, or the caller has another */
export function freeSeat({ seats, players }: Game, { own, wanted }: Wish): number {
  if (own !== null) throw conflict('seated', `You have seat ${own}.`, 'Leave it first.')
  if (wanted !== undefined && wanted > seats)
    throw invalid([bodyFault('/seat', 'out_of_range', `The game has ${seats} seats.`)])
  const taken = new Set(players.map(({ seat }) => seat))
  const free = Array.from({ length: seats }, (_, index) => index + 1).filter((n) => !taken.has(n))
  const seat = wanted === undefined ? free[0] : free.find((one) => one === wanted)
  if (seat !== undefined) return seat
  throw conflict('seat_taken', `Seat ${wanted} is taken.`, `Free: ${free.join(', ')}.`)
}
