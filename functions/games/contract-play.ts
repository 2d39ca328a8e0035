import * as z from 'zod'
import { gameSeatsMax } from '../../db/schema/index.ts'
import { pageOf, pageQuery } from '../_shared/http/pages.ts'
import { failures, route } from '../_shared/http/route.ts'
import { exampleId, Game, GameMove, param, role } from './contract.ts'

const anyObject = z.record(z.string(), z.unknown())
const changes = { 200: Game, ...failures('not_found', 'conflict', 'stale_version') }

/** An action without a body on one game, which it replies with. */
const action = <const Name extends string, const Id extends string>(
  name: Name,
  operationId: Id,
  { summary, description }: { summary: string; description?: string },
) =>
  route({
    method: 'post',
    path: `/:id/${name}`,
    operationId,
    role,
    summary,
    ...(description === undefined ? {} : { description }),
    input: { param },
    replies: changes,
    example: { param: exampleId },
  })

export const joinGame = route({
  method: 'post',
  path: '/:id/join',
  operationId: 'joinGame',
  role,
  summary: 'Take a seat',
  description: 'The game begins with the last free one. Who sits already stays where they are.',
  input: {
    param,
    json: z.object({
      seat: z.int().min(1).max(gameSeatsMax).optional().meta({
        description: 'Default: the first free one.',
      }),
    }),
  },
  replies: changes,
  example: { param: exampleId, json: {} },
})

export const leaveGame = action('leave', 'leaveGame', {
  summary: 'Free your seat before the start',
  description: 'A game that its maker leaves empty is cancelled.',
})

export const startGame = action('start', 'startGame', {
  summary: 'Begin before all seats are taken',
  description: `With as many players as the rules need at least; they move up to the first seats. For who opened the game
and for those who manage the channel.`,
})

export const playMove = route({
  method: 'post',
  path: '/:id/moves',
  operationId: 'playMove',
  role,
  summary: 'Play a move',
  description: `Needs \`If-Match\` with the ETag that you have read: of two moves at once one is played, and the other gets
412 with the version of now. A move that the rules do not allow gets 422 with those that they do, another player's turn 409.
Players who cannot move are passed by the server, as moves of kind \`pass\`.`,
  input: {
    param,
    json: z.object({
      move: anyObject.meta({
        description: 'In the form that the rules describe.',
        example: { square: 'd3' },
      }),
    }),
  },
  replies: {
    200: Game,
    ...failures('not_found', 'conflict', 'stale_version', 'version_required'),
  },
  example: {
    param: exampleId,
    headers: { 'if-match': '"v2"' },
    json: { move: { square: 'd3' } },
  },
})

export const listMoves = route({
  method: 'get',
  path: '/:id/moves',
  operationId: 'listGameMoves',
  role,
  summary: 'Read what was played, in order',
  input: { param, query: z.object(pageQuery) },
  replies: { 200: pageOf(GameMove), ...failures('not_found', 'invalid_cursor') },
  example: { param: exampleId },
})

const GameSnapshot = z
  .object({
    game_id: z.uuid(),
    move: z.int().meta({ description: 'How many moves were played; 0: before the first.' }),
    state: anyObject,
    turn_seat: z.int().nullable().meta({ description: '`null`: over by the rules.' }),
    scores: z.array(z.int()).nullable(),
    last_move: GameMove.nullable(),
  })
  .meta({ id: 'GameSnapshot', description: 'A game after one of its moves. It never changes.' })

export const readSnapshot = route({
  method: 'get',
  path: '/:id/snapshot',
  operationId: 'readGameSnapshot',
  role,
  summary: 'Read the state after a move',
  description: 'Made by replaying the moves.',
  input: {
    param,
    query: z.object({
      move: z.coerce.number().int().min(0).max(1_000_000).optional().meta({
        description: 'Default: the last one.',
        example: 0,
      }),
    }),
  },
  replies: { 200: GameSnapshot, ...failures('not_found') },
  example: { param: exampleId, query: { move: '0' } },
})

export const resignGame = action('resign', 'resignGame', {
  summary: 'Give up',
  description: 'The others have won.',
})

export const offerDraw = action('offer-draw', 'offerDraw', {
  summary: 'Offer a draw',
  description: `It stands until all others have accepted it, or one of them declines or plays on. Where another offer stands,
offering accepts it.`,
})

export const acceptDraw = action('accept-draw', 'acceptDraw', {
  summary: 'Accept a draw that was offered',
})

export const declineDraw = action('decline-draw', 'declineDraw', {
  summary: 'Decline a draw, or withdraw your offer',
})

export const claimTimeout = action('claim-timeout', 'claimTimeout', {
  summary: 'Win because a player has taken too long',
  description:
    'For the other players, after `turn_due_at`. A late move that comes before the claim counts.',
})

export const cancelGame = action('cancel', 'cancelGame', {
  summary: 'End a game without an outcome',
  description: `Before the start for who opened it; at any time for those who manage the channel.`,
})
