-- Games of channels. By hand: only "user_id" is unset with a user, never the tenant of the seat's row; and each move writes
-- its game's row, so that there is room for the new version on the page.
CREATE TABLE "game_moves" (
	"tenant_id" uuid NOT NULL,
	"game_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"seat" integer NOT NULL,
	"kind" text NOT NULL,
	"move" jsonb,
	"version" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "game_moves_pkey" PRIMARY KEY("tenant_id","game_id","number"),
	CONSTRAINT "game_moves_kind_is_known" CHECK ("game_moves"."kind" in ('play', 'pass')),
	CONSTRAINT "game_moves_pass_plays_nothing" CHECK (("game_moves"."kind" = 'pass') = ("game_moves"."move" is null)),
	CONSTRAINT "game_moves_number_is_positive" CHECK ("game_moves"."number" > 0)
);
--> statement-breakpoint
CREATE TABLE "game_players" (
	"tenant_id" uuid NOT NULL,
	"game_id" uuid NOT NULL,
	"seat" integer NOT NULL,
	"user_id" uuid,
	"name" text NOT NULL,
	"joined_at" timestamp with time zone NOT NULL,
	CONSTRAINT "game_players_pkey" PRIMARY KEY("tenant_id","game_id","seat"),
	CONSTRAINT "game_players_seat_is_positive" CHECK ("game_players"."seat" > 0)
);
--> statement-breakpoint
CREATE TABLE "games" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"channel_id" uuid NOT NULL,
	"rules" text NOT NULL,
	"rules_version" integer NOT NULL,
	"options" jsonb NOT NULL,
	"seats" integer NOT NULL,
	"turn_seconds" integer,
	"status" text DEFAULT 'open' NOT NULL,
	"state" jsonb,
	"turn_seat" integer,
	"turn_due_at" timestamp with time zone,
	"move_count" integer DEFAULT 0 NOT NULL,
	"draw_seats" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"end_reason" text,
	"winner_seats" jsonb,
	"created_by_user_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "games_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "games_status_is_known" CHECK ("games"."status" in ('open', 'running', 'ended')),
	CONSTRAINT "games_end_reason_is_known" CHECK ("games"."end_reason" in ('finished', 'resigned', 'draw_agreed', 'timed_out', 'cancelled')),
	CONSTRAINT "games_started_has_state" CHECK (("games"."started_at" is not null) = ("games"."state" is not null) and ("games"."status" <> 'running' or "games"."started_at" is not null)
      and ("games"."status" <> 'open' or "games"."started_at" is null)),
	CONSTRAINT "games_running_has_turn" CHECK (("games"."status" = 'running') = ("games"."turn_seat" is not null)
      and ("games"."turn_due_at" is not null) = ("games"."status" = 'running' and "games"."turn_seconds" is not null)),
	CONSTRAINT "games_ended_has_outcome" CHECK (("games"."status" = 'ended') = ("games"."end_reason" is not null) and ("games"."status" = 'ended') = ("games"."winner_seats" is not null)
      and ("games"."status" = 'ended') = ("games"."ended_at" is not null)),
	CONSTRAINT "games_seats_are_within_max" CHECK ("games"."seats" between 1 and 8 and "games"."turn_seat" between 1 and "games"."seats"),
	CONSTRAINT "games_turn_seconds_are_positive" CHECK ("games"."turn_seconds" > 0),
	CONSTRAINT "games_move_count_is_not_negative" CHECK ("games"."move_count" >= 0),
	CONSTRAINT "games_version_is_positive" CHECK ("games"."version" > 0 and "games"."rules_version" > 0)
);
--> statement-breakpoint
ALTER TABLE "game_moves" ADD CONSTRAINT "game_moves_seat_exists" FOREIGN KEY ("tenant_id","game_id","seat") REFERENCES "public"."game_players"("tenant_id","game_id","seat") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "game_players" ADD CONSTRAINT "game_players_game_exists" FOREIGN KEY ("tenant_id","game_id") REFERENCES "public"."games"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "game_players" ADD CONSTRAINT "game_players_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE set null ("user_id") ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "games" ADD CONSTRAINT "games_channel_exists" FOREIGN KEY ("tenant_id","channel_id") REFERENCES "public"."channels"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "game_players_user_sits_once" ON "game_players" USING btree ("tenant_id","user_id","game_id");--> statement-breakpoint
CREATE INDEX "games_by_channel" ON "games" USING btree ("tenant_id","channel_id","id");--> statement-breakpoint
CREATE INDEX "games_by_status" ON "games" USING btree ("tenant_id","status","id");--> statement-breakpoint
ALTER TABLE "games" SET (fillfactor = 80);
