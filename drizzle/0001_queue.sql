CREATE TABLE "job_dependencies" (
	"tenant_id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"depends_on_id" uuid NOT NULL,
	"on_failure" text NOT NULL,
	CONSTRAINT "job_dependencies_pkey" PRIMARY KEY("tenant_id","job_id","depends_on_id"),
	CONSTRAINT "job_dependencies_policy_is_known" CHECK ("job_dependencies"."on_failure" in ('cancel', 'run'))
);
--> statement-breakpoint
CREATE TABLE "job_endings" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"status" text NOT NULL,
	CONSTRAINT "job_endings_pkey" PRIMARY KEY("tenant_id","id")
);
--> statement-breakpoint
CREATE TABLE "job_kinds" (
	"kind" text NOT NULL,
	"running_max" integer,
	"paused_at" timestamp with time zone,
	CONSTRAINT "job_kinds_pkey" PRIMARY KEY("kind"),
	CONSTRAINT "job_kinds_running_max_is_positive" CHECK ("job_kinds"."running_max" > 0)
);
--> statement-breakpoint
CREATE TABLE "job_tenant_limits" (
	"tenant_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"running_max" integer,
	"paused_at" timestamp with time zone,
	CONSTRAINT "job_tenant_limits_pkey" PRIMARY KEY("tenant_id","kind"),
	CONSTRAINT "job_tenant_limits_running_max_is_positive" CHECK ("job_tenant_limits"."running_max" > 0)
);
--> statement-breakpoint
CREATE TABLE "job_workers" (
	"id" uuid NOT NULL,
	"tenant_id" uuid,
	"name" text NOT NULL,
	"kinds" jsonb NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"alive_until" timestamp with time zone NOT NULL,
	CONSTRAINT "job_workers_pkey" PRIMARY KEY("id")
);
--> statement-breakpoint
CREATE TABLE "job_schedules" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"payload" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"priority" smallint DEFAULT 0 NOT NULL,
	"attempts_max" integer DEFAULT 5 NOT NULL,
	"cron" text NOT NULL,
	"time_zone" text DEFAULT 'UTC' NOT NULL,
	"catch_up" text DEFAULT 'once' NOT NULL,
	"paused_at" timestamp with time zone,
	"next_at" timestamp with time zone,
	"last_at" timestamp with time zone,
	"last_job_id" uuid,
	"user_id" uuid,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "job_schedules_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "job_schedules_catch_up_is_known" CHECK ("job_schedules"."catch_up" in ('skip', 'once', 'all'))
);
--> statement-breakpoint
DROP INDEX "jobs_expired_leases";--> statement-breakpoint
DROP INDEX "job_history_by_subject";--> statement-breakpoint
DROP INDEX "jobs_claim_order";--> statement-breakpoint
DROP INDEX "jobs_by_subject";--> statement-breakpoint
ALTER TABLE "job_history" ADD COLUMN "run_ms_max" integer;--> statement-breakpoint
ALTER TABLE "job_history" ADD COLUMN "leased_by" text;--> statement-breakpoint
ALTER TABLE "job_history" ADD COLUMN "steps" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "run_ms_max" integer;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "steps" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "dependencies_open" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "dependency_failed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "jobs" ADD COLUMN "has_dependents" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "job_tenant_limits" ADD CONSTRAINT "job_tenant_limits_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "job_schedules" ADD CONSTRAINT "job_schedules_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "job_dependencies_by_target" ON "job_dependencies" USING btree ("tenant_id","depends_on_id");--> statement-breakpoint
CREATE UNIQUE INDEX "job_schedules_name_is_unique_in_tenant" ON "job_schedules" USING btree ("tenant_id","name");--> statement-breakpoint
CREATE INDEX "job_schedules_due" ON "job_schedules" USING btree ("next_at") WHERE paused_at is null;--> statement-breakpoint
CREATE INDEX "job_history_by_batch" ON "job_history" USING btree ("tenant_id","batch_id") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "job_history_unsuccessful" ON "job_history" USING btree ("tenant_id","status","id") WHERE status <> 'completed';--> statement-breakpoint
CREATE INDEX "job_history_runs" ON "job_history" USING btree ("tenant_id","kind","id") WHERE steps <> '[]'::jsonb;--> statement-breakpoint
CREATE INDEX "jobs_running" ON "jobs" USING btree ("lease_expires_at") WHERE status = 'running';--> statement-breakpoint
CREATE INDEX "jobs_due" ON "jobs" USING btree ("run_at") WHERE status = 'waiting' and dependencies_open = 0;--> statement-breakpoint
CREATE INDEX "jobs_by_batch" ON "jobs" USING btree ("tenant_id","batch_id") WHERE batch_id is not null;--> statement-breakpoint
CREATE INDEX "job_history_by_subject" ON "job_history" USING btree ("tenant_id","subject_id") WHERE subject_id is not null;--> statement-breakpoint
CREATE INDEX "jobs_claim_order" ON "jobs" USING btree ("kind","tenant_id","priority" DESC NULLS FIRST,"run_at","id") WHERE status = 'queued';--> statement-breakpoint
CREATE INDEX "jobs_by_subject" ON "jobs" USING btree ("tenant_id","subject_id") WHERE subject_id is not null;--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_attempts_max_is_positive" CHECK ("jobs"."attempts_max" > 0);--> statement-breakpoint
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_dependencies_are_waited_for" CHECK ("jobs"."dependencies_open" = 0 or ("jobs"."dependencies_open" > 0 and "jobs"."status" = 'waiting'));--> statement-breakpoint
-- A plan that was made while a table had no pages would read all of it for ever: vacuum leaves them.
ALTER TABLE "jobs" SET (vacuum_truncate = false);--> statement-breakpoint
ALTER TABLE "job_dependencies" SET (vacuum_truncate = false);--> statement-breakpoint
ALTER TABLE "job_endings" SET (vacuum_truncate = false);--> statement-breakpoint
-- From now on `queued` means that a job could begin at once.
UPDATE "jobs" SET "status" = 'waiting' WHERE "status" = 'queued' AND "run_at" > now();--> statement-breakpoint
-- Its enqueue, its latest start and its end are read from the job's own row.
DELETE FROM "run_events" WHERE "type" IN ('enqueued', 'completed', 'failed', 'dead', 'cancelled');--> statement-breakpoint
DELETE FROM "run_events" WHERE ("tenant_id", "id") IN (
	SELECT DISTINCT ON ("tenant_id", "job_id") "tenant_id", "id" FROM "run_events"
	WHERE "type" = 'started' ORDER BY "tenant_id", "job_id", "id" DESC
);
