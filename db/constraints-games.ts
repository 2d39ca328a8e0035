import { conflict, invalid, missing, sameId } from './constraint-problems.ts'
import type { DatabaseProblem } from './errors.ts'

const playedMeanwhile = conflict('The game has changed meanwhile. Read it again.')

/** The named constraints of games. */
export const gameConstraints: Record<string, DatabaseProblem> = {
  games_pkey: sameId,
  games_channel_exists: missing('The channel does not exist.'),
  games_status_is_known: invalid('The status is not one of those that exist.'),
  games_end_reason_is_known: invalid('The reason of an end is not one of those that exist.'),
  games_started_has_state: conflict('A game that has begun, and only that, has a state.'),
  games_running_has_turn: conflict('In a running game, and only there, it is the turn of a seat.'),
  games_ended_has_outcome: conflict('An ended game, and only that, has an outcome.'),
  games_seats_are_within_max: invalid('A game has 1 to 8 seats.'),
  games_turn_seconds_are_positive: invalid('The time for a move is above zero.'),
  games_move_count_is_not_negative: invalid('A number of moves is not negative.'),
  games_version_is_positive: invalid('Versions are numbered from 1.'),

  game_players_pkey: conflict('The seat is taken.'),
  game_players_game_exists: missing('The game does not exist.'),
  game_players_user_exists: missing('The user does not exist.'),
  game_players_user_sits_once: conflict('They have a seat in this game already.'),
  game_players_seat_is_positive: invalid('Seats are numbered from 1.'),

  game_moves_pkey: playedMeanwhile,
  game_moves_seat_exists: missing('The seat does not exist.'),
  game_moves_kind_is_known: invalid('The kind of a move is not one of those that exist.'),
  game_moves_pass_plays_nothing: invalid('Every move but a pass says what is played.'),
  game_moves_number_is_positive: invalid('Moves are numbered from 1.'),
}
