-- Written by drizzle-kit; by hand: extensions, the text search configuration, partitioning, storage settings.
-- The three extensions are trusted: the owner of the database may create them.
CREATE EXTENSION IF NOT EXISTS unaccent;--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS btree_gin;--> statement-breakpoint
CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
-- `octavo_text`: accents removed, English stems, and no stop words, so that a phrase made of stop words is found.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_ts_dict WHERE dictname = 'octavo_english' AND dictnamespace = 'public'::regnamespace) THEN
		CREATE TEXT SEARCH DICTIONARY public.octavo_english (TEMPLATE = snowball, Language = english);
	END IF;
	IF NOT EXISTS (SELECT FROM pg_ts_config WHERE cfgname = 'octavo_text' AND cfgnamespace = 'public'::regnamespace) THEN
		CREATE TEXT SEARCH CONFIGURATION public.octavo_text (COPY = pg_catalog.simple);
		ALTER TEXT SEARCH CONFIGURATION public.octavo_text
			ALTER MAPPING FOR asciiword, word, asciihword, hword, hword_asciipart, hword_part
			WITH unaccent, public.octavo_english;
	END IF;
END
$$;
--> statement-breakpoint
CREATE TABLE "audit_log" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"action" text NOT NULL,
	"actor_user_id" uuid,
	"actor_key_id" uuid,
	"subject_type" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"request_id" text,
	"detail" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"prev_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "audit_log_pkey" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "blobs" (
	"tenant_id" uuid NOT NULL,
	"sha256" "bytea" NOT NULL,
	"storage_key" text NOT NULL,
	"bytes" bigint NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "blobs_pkey" PRIMARY KEY("tenant_id","sha256"),
	CONSTRAINT "blobs_sha256_is_sha256" CHECK (octet_length("blobs"."sha256") = 32),
	CONSTRAINT "blobs_bytes_is_not_negative" CHECK ("blobs"."bytes" >= 0)
);
--> statement-breakpoint
CREATE TABLE "document_pages" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"width_points" double precision,
	"height_points" double precision,
	"rotation" integer DEFAULT 0 NOT NULL,
	"text" text NOT NULL,
	"words" "bytea" NOT NULL,
	"failure_code" text,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('octavo_text', left(text, 200000))) STORED,
	CONSTRAINT "document_pages_pkey" PRIMARY KEY("tenant_id","document_id","number"),
	CONSTRAINT "document_pages_number_is_positive" CHECK ("document_pages"."number" > 0),
	CONSTRAINT "document_pages_rotation_is_quarter" CHECK ("document_pages"."rotation" in (0, 90, 180, 270)),
	CONSTRAINT "document_pages_words_are_whole" CHECK (octet_length("document_pages"."words") % 24 = 0)
);
--> statement-breakpoint
CREATE TABLE "documents" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"sha256" "bytea" NOT NULL,
	"revision" integer DEFAULT 1 NOT NULL,
	"filename" text NOT NULL,
	"media_type" text NOT NULL,
	"kind" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"job_id" uuid NOT NULL,
	"password_sealed" "bytea",
	"page_count" integer,
	"pages_done" integer DEFAULT 0 NOT NULL,
	"failure_code" text,
	"failure_message" text,
	"extraction_ms" integer,
	"title" text,
	"author" text,
	"language" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "documents_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "documents_status_is_known" CHECK ("documents"."status" in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
	CONSTRAINT "documents_kind_is_known" CHECK ("documents"."kind" in ('pdf', 'text', 'markdown')),
	CONSTRAINT "documents_failure_has_code" CHECK (("documents"."status" = 'failed') = ("documents"."failure_code" is not null)),
	CONSTRAINT "documents_failure_is_known" CHECK ("documents"."failure_code" in ('encrypted', 'damaged', 'too_many_pages', 'timeout', 'unsupported', 'out_of_memory')),
	CONSTRAINT "documents_progress_is_within_pages" CHECK ("documents"."pages_done" between 0 and coalesce("documents"."page_count", "documents"."pages_done")),
	CONSTRAINT "documents_filename_length" CHECK (char_length("documents"."filename") between 1 and 255)
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"tenant_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"key" text NOT NULL,
	"token" uuid NOT NULL,
	"operation_id" text NOT NULL,
	"fingerprint" "bytea",
	"status" text NOT NULL,
	"reply_status" integer,
	"reply_headers" jsonb,
	"reply_body" text,
	"started_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY("tenant_id","user_id","key"),
	CONSTRAINT "idempotency_keys_status_is_known" CHECK ("idempotency_keys"."status" in ('in_flight', 'done')),
	CONSTRAINT "idempotency_keys_key_length" CHECK (char_length("idempotency_keys"."key") between 1 and 255),
	CONSTRAINT "idempotency_keys_done_has_reply" CHECK ("idempotency_keys"."status" = 'in_flight' or "idempotency_keys"."reply_status" is not null)
);
--> statement-breakpoint
CREATE TABLE "job_history" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid,
	"user_id" uuid,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"run_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempts_max" integer DEFAULT 5 NOT NULL,
	"leased_at" timestamp with time zone,
	"progress_done" integer DEFAULT 0 NOT NULL,
	"progress_total" integer,
	"result" jsonb,
	"errors" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"dedupe_key" text,
	"batch_id" uuid,
	"request_id" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "job_history_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "job_history_status_is_final" CHECK ("job_history"."status" in ('completed', 'failed', 'dead', 'cancelled'))
) PARTITION BY RANGE ("id");
--> statement-breakpoint
-- Holds what no month's partition takes; months are made by db/partitions.ts.
CREATE TABLE "job_history_default" PARTITION OF "job_history" DEFAULT;
--> statement-breakpoint
CREATE TABLE "jobs" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"kind" text NOT NULL,
	"subject_id" uuid,
	"user_id" uuid,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"run_at" timestamp with time zone DEFAULT now() NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempts_max" integer DEFAULT 5 NOT NULL,
	"leased_at" timestamp with time zone,
	"progress_done" integer DEFAULT 0 NOT NULL,
	"progress_total" integer,
	"result" jsonb,
	"errors" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"dedupe_key" text,
	"batch_id" uuid,
	"request_id" text,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_token" uuid,
	"leased_by" text,
	"lease_expires_at" timestamp with time zone,
	"heartbeat_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	CONSTRAINT "jobs_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "jobs_status_is_open" CHECK ("jobs"."status" in ('queued', 'waiting', 'running')),
	CONSTRAINT "jobs_lease_is_whole" CHECK (("jobs"."status" = 'running') = ("jobs"."lease_token" is not null)),
	CONSTRAINT "jobs_attempts_are_limited" CHECK ("jobs"."attempts" between 0 and "jobs"."attempts_max")
) WITH (
	-- Half of all updates change no indexed column: room on the page keeps them there. A small table with a high
	-- turnover is vacuumed by count, not by share.
	fillfactor = 70,
	autovacuum_vacuum_scale_factor = 0.0,
	autovacuum_vacuum_threshold = 1000,
	autovacuum_vacuum_cost_delay = 0,
	autovacuum_analyze_scale_factor = 0.0,
	autovacuum_analyze_threshold = 5000
);
--> statement-breakpoint
CREATE TABLE "run_events" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"type" text NOT NULL,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "run_events_pkey" PRIMARY KEY("tenant_id","id")
) PARTITION BY RANGE ("id");
--> statement-breakpoint
-- Holds what no month's partition takes; months are made by db/partitions.ts.
CREATE TABLE "run_events_default" PARTITION OF "run_events" DEFAULT;
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"is_operator" boolean DEFAULT false NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "tenants_name_length" CHECK (char_length("tenants"."name") between 1 and 120)
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"secret_sha256" "bytea" NOT NULL,
	"created_by_user_id" uuid,
	"replaced_by_key_id" uuid,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "api_keys_role_is_known" CHECK ("api_keys"."role" in ('admin', 'editor', 'viewer', 'ingest', 'worker')),
	CONSTRAINT "api_keys_secret_is_sha256" CHECK (octet_length("api_keys"."secret_sha256") = 32)
);
--> statement-breakpoint
CREATE TABLE "users" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"email" text NOT NULL,
	"display_name" text NOT NULL,
	"role" text NOT NULL,
	"disabled_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "users_email_is_lower_case" CHECK ("users"."email" = lower("users"."email")),
	CONSTRAINT "users_role_is_known" CHECK ("users"."role" in ('admin', 'editor', 'viewer', 'ingest', 'worker'))
);
--> statement-breakpoint
ALTER TABLE "audit_log" ADD CONSTRAINT "audit_log_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "document_pages" ADD CONSTRAINT "document_pages_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "documents" ADD CONSTRAINT "documents_bytes_exist" FOREIGN KEY ("tenant_id","sha256") REFERENCES "public"."blobs"("tenant_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "idempotency_keys" ADD CONSTRAINT "idempotency_keys_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "run_events" ADD CONSTRAINT "run_events_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_user_exists" FOREIGN KEY ("tenant_id","user_id") REFERENCES "public"."users"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "users" ADD CONSTRAINT "users_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "audit_log_seq_is_gapless" ON "audit_log" USING btree ("tenant_id","seq");--> statement-breakpoint
CREATE INDEX "audit_log_by_subject" ON "audit_log" USING btree ("tenant_id","subject_id","seq");--> statement-breakpoint
CREATE INDEX "document_pages_search" ON "document_pages" USING gin ("tenant_id","search");--> statement-breakpoint
CREATE UNIQUE INDEX "documents_revision_is_unique_for_bytes" ON "documents" USING btree ("tenant_id","sha256","revision");--> statement-breakpoint
CREATE INDEX "documents_by_user" ON "documents" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE INDEX "documents_by_status" ON "documents" USING btree ("tenant_id","status","id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_by_expiry" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "job_history_by_subject" ON "job_history" USING btree ("tenant_id","subject_id");--> statement-breakpoint
CREATE INDEX "jobs_claim_order" ON "jobs" USING btree ("priority" DESC NULLS FIRST,"run_at","id") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "jobs_expired_leases" ON "jobs" USING btree ("lease_expires_at") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "jobs_by_subject" ON "jobs" USING btree ("tenant_id","subject_id");--> statement-breakpoint
CREATE UNIQUE INDEX "jobs_dedupe_key_is_unique" ON "jobs" USING btree ("tenant_id","kind","dedupe_key") WHERE dedupe_key is not null and status in ('queued', 'waiting');--> statement-breakpoint
CREATE INDEX "run_events_by_job" ON "run_events" USING btree ("tenant_id","job_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "tenants_name_is_unique" ON "tenants" USING btree ("name");--> statement-breakpoint
CREATE UNIQUE INDEX "tenants_operator_is_single" ON "tenants" USING btree ("is_operator") WHERE is_operator;--> statement-breakpoint
CREATE INDEX "api_keys_by_id" ON "api_keys" USING btree ("id");--> statement-breakpoint
CREATE INDEX "api_keys_by_user" ON "api_keys" USING btree ("tenant_id","user_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_is_unique_in_tenant" ON "users" USING btree ("tenant_id","email");