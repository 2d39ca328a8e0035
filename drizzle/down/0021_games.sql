-- Takes 0021_games back: games with their players and moves.
DROP TABLE public.game_moves;
DROP TABLE public.game_players;
DROP TABLE public.games;
