import * as z from 'zod'
import { gameEndReasons, gameMoveKinds, gameSeatsMax, gameStatuses } from '../../db/schema/index.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'

const time = z.iso.datetime()
const anyObject = z.record(z.string(), z.unknown())
const seat = z.int().min(1).max(gameSeatsMax)
export const param = z.object({ id: z.uuid().toLowerCase() })
export const exampleId = { id: '0199a1c2-77aa-7aaa-8aaa-000000000021' }
const exampleChannelId = '0199a1c2-77aa-7aaa-8aaa-000000000011'
/** Guests play where they are members; the channel decides. */
export const role = ['viewer', 'guest'] as const

const turnSecondsMin = 5
const turnSecondsMax = 14 * 24 * 60 * 60

const GameRules = z
  .object({
    name: z.string().meta({ example: 'reversi' }),
    version: z.int().meta({ description: 'That new games begin with, and keep.' }),
    title: z.string(),
    description: z.string(),
    seats: z.object({ min: z.int(), max: z.int() }),
    allows_draw: z.boolean().meta({ description: 'May players agree on a draw?' }),
    options: anyObject.meta({ description: 'JSON Schema of the options.' }),
    move: anyObject.meta({ description: 'JSON Schema of a move.' }),
  })
  .meta({ id: 'GameRules', description: 'A game that can be played.' })

const GamePlayer = z
  .object({
    seat,
    user_id: z.uuid().nullable(),
    name: z.string().meta({ description: 'As it was when they sat down.' }),
    is_gone: z.boolean().meta({ description: 'The user was deleted.' }),
  })
  .meta({ id: 'GamePlayer' })

const GameOutcome = z
  .object({
    reason: z.enum(gameEndReasons),
    winner_seats: z.array(seat).meta({ description: 'Empty: a draw, or cancelled.' }),
  })
  .meta({ id: 'GameOutcome' })

const listed = {
  id: z.uuid(),
  channel_id: z.uuid(),
  rules: z.string(),
  rules_version: z.int().meta({ description: 'The game keeps it, whatever comes later.' }),
  options: anyObject,
  seats: seat.meta({ description: 'How many can play; after the start, how many do.' }),
  turn_seconds: z.int().nullable().meta({ description: 'For one move; `null`: no clock.' }),
  status: z.enum(gameStatuses),
  players: z.array(GamePlayer),
  turn_seat: seat.nullable().meta({ description: 'Whose turn it is while the game runs.' }),
  turn_due_at: time.nullable().meta({ description: 'Later than this others may claim the game.' }),
  move_count: z.int().meta({ description: 'Passes are moves too.' }),
  draw_seats: z.array(seat).meta({ description: 'Who would take a draw now.' }),
  outcome: GameOutcome.nullable(),
  created_by: z.uuid().meta({ description: 'The user may be gone.' }),
  version: z.int().meta({ description: 'Grows with every change; the ETag.' }),
  created_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
  updated_at: time,
}

const ListedGame = z.object(listed).meta({ id: 'ListedGame' })

export const Game = z
  .object({
    ...listed,
    state: anyObject.nullable().meta({
      description: 'In the form of the rules; `null` before the start.',
    }),
    scores: z.array(z.int()).nullable().meta({
      description: 'Points by seat; `null` in a game without points.',
    }),
    your_seat: seat.nullable().meta({ description: '`null`: you look on.' }),
    legal_moves: z.array(anyObject).meta({
      description: 'What you can play now; empty when it is not your turn.',
    }),
  })
  .meta({ id: 'Game', description: 'A game of a channel, as the caller sees it.' })

export const GameMove = z
  .object({
    number: z.int().meta({ description: 'From 1, without gaps.' }),
    seat,
    kind: z.enum(gameMoveKinds).meta({
      description: '`pass`: the server made it, because the seat had nothing to play.',
    }),
    move: anyObject.nullable().meta({ description: '`null`: a pass.', example: { square: 'd3' } }),
    version: z.int().meta({ description: 'That the game had with it.' }),
    at: time,
  })
  .meta({ id: 'GameMove' })

export const listRules = route({
  method: 'get',
  path: '/rules',
  operationId: 'listGameRules',
  role,
  summary: 'List the games that can be played',
  description: 'With JSON Schemas of their options and moves.',
  replies: { 200: pageOf(GameRules), ...failures() },
})

export const createGame = route({
  method: 'post',
  path: '/',
  operationId: 'createGame',
  role,
  summary: 'Open a game in a channel',
  description: `You need to be able to write in the channel. The game begins when all its seats are taken, or when you
start it.`,
  input: {
    json: z.object({
      channel_id: z.uuid().toLowerCase(),
      rules: z.string().min(1).max(80).meta({ example: 'reversi' }),
      options: anyObject.default({}).meta({ description: 'As the rules describe them.' }),
      seats: seat.optional().meta({ description: 'Default: as few as the rules allow.' }),
      seat: seat.nullable().default(1).meta({
        description: 'Yours; seat 1 begins. `null`: you only open it for others.',
      }),
      turn_seconds: z.int().min(turnSecondsMin).max(turnSecondsMax).nullable().default(null).meta({
        description: 'Time for each move. Who takes longer has lost when another player claims it.',
      }),
    }),
  },
  replies: { 201: Game, ...failures('not_found', 'conflict') },
  example: {
    json: {
      channel_id: exampleChannelId,
      rules: 'reversi',
      options: { size: 8 },
      turn_seconds: 600,
    },
  },
})

export const listGames = route({
  method: 'get',
  path: '/',
  operationId: 'listGames',
  role,
  summary: 'List the games of channels that you see, newest first',
  input: {
    query: z.object({
      ...pageQuery,
      channel_id: z.uuid().toLowerCase().optional(),
      player_id: z.uuid().toLowerCase().optional().meta({ description: 'This user has a seat.' }),
      status: z.enum(gameStatuses).optional(),
      rules: z.string().min(1).max(80).optional(),
    }),
  },
  replies: { 200: pageOf(ListedGame), ...failures('not_found', 'invalid_cursor') },
  example: { query: { status: 'running', limit: '10' } },
})

export const getGame = route({
  method: 'get',
  path: '/:id',
  operationId: 'getGame',
  role,
  summary: 'Read a game',
  input: { param },
  replies: { 200: Game, ...failures('not_found') },
  example: { param: exampleId },
})

export type GameBody = z.input<typeof Game>
export type ListedGameBody = z.input<typeof ListedGame>
export type GameMoveBody = z.input<typeof GameMove>
