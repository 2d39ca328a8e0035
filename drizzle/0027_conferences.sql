CREATE TABLE "conference_changes" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"series_id" uuid NOT NULL,
	"edition_id" uuid,
	"deadline_id" uuid,
	"kind" text NOT NULL,
	"field" text NOT NULL,
	"old_value" text,
	"new_value" text,
	"sentence" text NOT NULL,
	"version" integer NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "conference_changes_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_changes_kind_is_known" CHECK ("conference_changes"."kind" in ('added', 'changed', 'withdrawn', 'returned'))
);
--> statement-breakpoint
CREATE TABLE "conference_subscriptions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"filter" jsonb NOT NULL,
	"secret_sha256" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "conference_subscriptions_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_subscriptions_name_length" CHECK (char_length("conference_subscriptions"."name") between 1 and 120),
	CONSTRAINT "conference_subscriptions_secret_is_sha256" CHECK (octet_length("conference_subscriptions"."secret_sha256") = 32)
);
--> statement-breakpoint
CREATE TABLE "conference_aliases" (
	"tenant_id" uuid NOT NULL,
	"series_id" uuid NOT NULL,
	"name_key" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	CONSTRAINT "conference_aliases_pkey" PRIMARY KEY("tenant_id","series_id","name_key"),
	CONSTRAINT "conference_aliases_kind_is_known" CHECK ("conference_aliases"."kind" in ('title', 'dblp', 'edition', 'given')),
	CONSTRAINT "conference_aliases_name_length" CHECK (char_length("conference_aliases"."name") between 1 and 200)
);
--> statement-breakpoint
CREATE TABLE "conference_deadlines" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"series_id" uuid NOT NULL,
	"round_id" uuid,
	"kind" text NOT NULL,
	"local_text" text,
	"zone" text,
	"at" timestamp with time zone,
	"estimated_year" integer,
	"estimated_round" integer,
	"basis" jsonb,
	"sequence" integer DEFAULT 0 NOT NULL,
	"is_withdrawn" boolean DEFAULT false NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "conference_deadlines_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_deadlines_kind_is_known" CHECK ("conference_deadlines"."kind" in ('abstract', 'paper', 'supplementary', 'rebuttal', 'notification', 'camera_ready', 'registration')),
	CONSTRAINT "conference_deadlines_estimate_is_whole" CHECK (("conference_deadlines"."basis" is null) = ("conference_deadlines"."round_id" is not null) and ("conference_deadlines"."basis" is null) = ("conference_deadlines"."local_text" is not null)
      and ("conference_deadlines"."basis" is null) = ("conference_deadlines"."zone" is not null) and ("conference_deadlines"."basis" is null) = ("conference_deadlines"."estimated_year" is null)
      and ("conference_deadlines"."basis" is null) = ("conference_deadlines"."estimated_round" is null) and ("conference_deadlines"."basis" is null or "conference_deadlines"."at" is not null)),
	CONSTRAINT "conference_deadlines_sequence_is_not_negative" CHECK ("conference_deadlines"."sequence" >= 0)
);
--> statement-breakpoint
CREATE TABLE "conference_editions" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"series_id" uuid NOT NULL,
	"key" text NOT NULL,
	"year" integer NOT NULL,
	"link" text NOT NULL,
	"place" text NOT NULL,
	"date_text" text NOT NULL,
	"starts_on" date,
	"ends_on" date,
	"zone" text NOT NULL,
	CONSTRAINT "conference_editions_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_editions_year_is_sane" CHECK ("conference_editions"."year" between 1900 and 2200),
	CONSTRAINT "conference_editions_dates_are_ordered" CHECK ("conference_editions"."starts_on" <= "conference_editions"."ends_on")
);
--> statement-breakpoint
CREATE TABLE "conference_heads" (
	"tenant_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"imported_at" timestamp with time zone,
	CONSTRAINT "conference_heads_pkey" PRIMARY KEY("tenant_id"),
	CONSTRAINT "conference_heads_version_is_positive" CHECK ("conference_heads"."version" > 0)
);
--> statement-breakpoint
CREATE TABLE "conference_rounds" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"edition_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"comment" text NOT NULL,
	"is_withdrawn" boolean DEFAULT false NOT NULL,
	CONSTRAINT "conference_rounds_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_rounds_number_is_positive" CHECK ("conference_rounds"."number" > 0)
);
--> statement-breakpoint
CREATE TABLE "conference_series" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"title_key" text NOT NULL,
	"description" text NOT NULL,
	"sub" text NOT NULL,
	"rank_ccf" text,
	"rank_core" text,
	"rank_thcpl" text,
	"dblp" text NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "conference_series_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_series_title_length" CHECK (char_length("conference_series"."title") between 1 and 200),
	CONSTRAINT "conference_series_version_is_positive" CHECK ("conference_series"."version" > 0)
);
--> statement-breakpoint
ALTER TABLE "conference_changes" ADD CONSTRAINT "conference_changes_series_exists" FOREIGN KEY ("tenant_id","series_id") REFERENCES "public"."conference_series"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_subscriptions" ADD CONSTRAINT "conference_subscriptions_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_aliases" ADD CONSTRAINT "conference_aliases_series_exists" FOREIGN KEY ("tenant_id","series_id") REFERENCES "public"."conference_series"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_deadlines" ADD CONSTRAINT "conference_deadlines_series_exists" FOREIGN KEY ("tenant_id","series_id") REFERENCES "public"."conference_series"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_deadlines" ADD CONSTRAINT "conference_deadlines_round_exists" FOREIGN KEY ("tenant_id","round_id") REFERENCES "public"."conference_rounds"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_editions" ADD CONSTRAINT "conference_editions_series_exists" FOREIGN KEY ("tenant_id","series_id") REFERENCES "public"."conference_series"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_heads" ADD CONSTRAINT "conference_heads_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_rounds" ADD CONSTRAINT "conference_rounds_edition_exists" FOREIGN KEY ("tenant_id","edition_id") REFERENCES "public"."conference_editions"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_series" ADD CONSTRAINT "conference_series_head_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."conference_heads"("tenant_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conference_changes_by_series" ON "conference_changes" USING btree ("tenant_id","series_id","id");--> statement-breakpoint
CREATE INDEX "conference_subscriptions_by_user" ON "conference_subscriptions" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "conference_aliases_by_name" ON "conference_aliases" USING btree ("tenant_id","name_key");--> statement-breakpoint
CREATE UNIQUE INDEX "conference_deadlines_kind_is_unique" ON "conference_deadlines" USING btree ("tenant_id","round_id","kind");--> statement-breakpoint
CREATE INDEX "conference_deadlines_by_series" ON "conference_deadlines" USING btree ("tenant_id","series_id","at");--> statement-breakpoint
CREATE INDEX "conference_deadlines_by_time" ON "conference_deadlines" USING btree ("tenant_id","at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "conference_editions_key_is_unique" ON "conference_editions" USING btree ("tenant_id","series_id","key");--> statement-breakpoint
CREATE INDEX "conference_rounds_by_edition" ON "conference_rounds" USING btree ("tenant_id","edition_id","number");--> statement-breakpoint
CREATE UNIQUE INDEX "conference_series_title_is_unique" ON "conference_series" USING btree ("tenant_id","title_key","dblp");--> statement-breakpoint
CREATE INDEX "conference_series_by_dblp" ON "conference_series" USING btree ("tenant_id","dblp");