import { sql } from 'drizzle-orm'
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { channels } from './channels.ts'
import { listed } from './listed.ts'
import { users } from './users.ts'

/** `open`: players take their seats. */
export const gameStatuses = ['open', 'running', 'ended'] as const
export type GameStatus = (typeof gameStatuses)[number]

/** `finished`: by the rules. `cancelled`: nobody has won, and it is no draw. */
export const gameEndReasons = [
  'finished',
  'resigned',
  'draw_agreed',
  'timed_out',
  'cancelled',
] as const
export type GameEndReason = (typeof gameEndReasons)[number]

/** `pass`: the server made it, because the seat had nothing to play. */
export const gameMoveKinds = ['play', 'pass'] as const
export type GameMoveKind = (typeof gameMoveKinds)[number]

export const gameSeatsMax = 8

/** One game in a channel. Whoever may see the channel sees the game; `state` is what its moves give when they are replayed. */
export const games = pgTable(
  'games',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    channelId: uuid('channel_id').notNull(),
    rules: text('rules').notNull(), // a name of domain/games/catalogue.ts
    rulesVersion: integer('rules_version').notNull(), // which it began with, and keeps
    options: jsonb('options').$type<Record<string, unknown>>().notNull(),
    seats: integer('seats').notNull(), // how many can play
    turnSeconds: integer('turn_seconds'), // for one move; null: no clock
    status: text('status', { enum: gameStatuses }).notNull().default('open'),
    state: jsonb('state').$type<Record<string, unknown>>(), // null before the start
    turnSeat: integer('turn_seat'), // whose turn it is while it runs
    turnDueAt: timestamp('turn_due_at', { withTimezone: true }), // later than this others may claim the game
    moveCount: integer('move_count').notNull().default(0),
    drawSeats: jsonb('draw_seats').$type<number[]>().notNull().default([]), // who would take a draw now
    endReason: text('end_reason', { enum: gameEndReasons }),
    winnerSeats: jsonb('winner_seats').$type<number[]>(), // of an ended game; empty: a draw, or cancelled
    createdByUserId: uuid('created_by_user_id').notNull(), // the user may be gone
    version: integer('version').notNull().default(1),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull(),
    startedAt: timestamp('started_at', { withTimezone: true }),
    endedAt: timestamp('ended_at', { withTimezone: true }),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'games_pkey', columns: [t.tenantId, t.id] }),
    foreignKey({
      name: 'games_channel_exists',
      columns: [t.tenantId, t.channelId],
      foreignColumns: [channels.tenantId, channels.id],
    }).onDelete('cascade'),
    index('games_by_channel').on(t.tenantId, t.channelId, t.id), // GET /games?channel_id=
    index('games_by_status').on(t.tenantId, t.status, t.id), // GET /games?status=
    check('games_status_is_known', sql`${t.status} in (${listed(gameStatuses)})`),
    check('games_end_reason_is_known', sql`${t.endReason} in (${listed(gameEndReasons)})`),
    check(
      'games_started_has_state',
      sql`(${t.startedAt} is not null) = (${t.state} is not null) and (${t.status} <> 'running' or ${t.startedAt} is not null)
      and (${t.status} <> 'open' or ${t.startedAt} is null)`,
    ),
    check(
      'games_running_has_turn',
      sql`(${t.status} = 'running') = (${t.turnSeat} is not null)
      and (${t.turnDueAt} is not null) = (${t.status} = 'running' and ${t.turnSeconds} is not null)`,
    ),
    check(
      'games_ended_has_outcome',
      sql`(${t.status} = 'ended') = (${t.endReason} is not null) and (${t.status} = 'ended') = (${t.winnerSeats} is not null)
      and (${t.status} = 'ended') = (${t.endedAt} is not null)`,
    ),
    check(
      'games_seats_are_within_max',
      sql`${t.seats} between 1 and ${sql.raw(String(gameSeatsMax))} and ${t.turnSeat} between 1 and ${t.seats}`,
    ),
    check('games_turn_seconds_are_positive', sql`${t.turnSeconds} > 0`),
    check('games_move_count_is_not_negative', sql`${t.moveCount} >= 0`),
    check('games_version_is_positive', sql`${t.version} > 0 and ${t.rulesVersion} > 0`),
  ],
)

/** Who sits where. A seat whose user was deleted stays, with the name they had. */
export const gamePlayers = pgTable(
  'game_players',
  {
    tenantId: uuid('tenant_id').notNull(),
    gameId: uuid('game_id').notNull(),
    seat: integer('seat').notNull(), // from 1; seat 1 begins
    userId: uuid('user_id'), // null: the user is gone
    name: text('name').notNull(), // as it was then
    joinedAt: timestamp('joined_at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'game_players_pkey', columns: [t.tenantId, t.gameId, t.seat] }),
    foreignKey({
      name: 'game_players_game_exists',
      columns: [t.tenantId, t.gameId],
      foreignColumns: [games.tenantId, games.id],
    }).onDelete('cascade'),
    // Of `user_id` alone, which the migration says by hand: the tenant of a row is never unset.
    foreignKey({
      name: 'game_players_user_exists',
      columns: [t.tenantId, t.userId],
      foreignColumns: [users.tenantId, users.id],
    }).onDelete('set null'),
    uniqueIndex('game_players_user_sits_once').on(t.tenantId, t.userId, t.gameId), // GET /games?player_id=
    check('game_players_seat_is_positive', sql`${t.seat} > 0`),
  ],
)

/** All that was played, in order. Never changed: replayed from the beginning it gives every state that the game had. */
export const gameMoves = pgTable(
  'game_moves',
  {
    tenantId: uuid('tenant_id').notNull(),
    gameId: uuid('game_id').notNull(),
    number: integer('number').notNull(), // gapless, from 1
    seat: integer('seat').notNull(),
    kind: text('kind', { enum: gameMoveKinds }).notNull(),
    move: jsonb('move').$type<Record<string, unknown>>(), // in the form of the rules; null: a pass
    version: integer('version').notNull(), // that the game had with it
    at: timestamp('at', { withTimezone: true }).notNull(),
  },
  (t) => [
    primaryKey({ name: 'game_moves_pkey', columns: [t.tenantId, t.gameId, t.number] }),
    foreignKey({
      name: 'game_moves_seat_exists',
      columns: [t.tenantId, t.gameId, t.seat],
      foreignColumns: [gamePlayers.tenantId, gamePlayers.gameId, gamePlayers.seat],
    }).onDelete('cascade'),
    check('game_moves_kind_is_known', sql`${t.kind} in (${listed(gameMoveKinds)})`),
    check('game_moves_pass_plays_nothing', sql`(${t.kind} = 'pass') = (${t.move} is null)`),
    check('game_moves_number_is_positive', sql`${t.number} > 0`),
  ],
)
