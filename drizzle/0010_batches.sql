CREATE TABLE "batch_items" (
	"tenant_id" uuid NOT NULL,
	"batch_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"document_id" uuid NOT NULL,
	"status" text DEFAULT 'queued' NOT NULL,
	"previous_status" text DEFAULT 'queued' NOT NULL,
	"job_id" uuid,
	"attempts" integer DEFAULT 0 NOT NULL,
	"error_code" text,
	"error_message" text,
	"started_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	CONSTRAINT "batch_items_pkey" PRIMARY KEY("tenant_id","batch_id","position"),
	CONSTRAINT "batch_items_status_is_known" CHECK ("batch_items"."status" in ('queued', 'running', 'completed', 'failed', 'cancelled')),
	CONSTRAINT "batch_items_failure_has_code" CHECK ("batch_items"."status" <> 'failed' or "batch_items"."error_code" is not null)
);
--> statement-breakpoint
CREATE TABLE "batches" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text,
	"operation" text NOT NULL,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"items_total" integer DEFAULT 0 NOT NULL,
	"items_queued" integer DEFAULT 0 NOT NULL,
	"items_running" integer DEFAULT 0 NOT NULL,
	"items_completed" integer DEFAULT 0 NOT NULL,
	"items_failed" integer DEFAULT 0 NOT NULL,
	"items_cancelled" integer DEFAULT 0 NOT NULL,
	"request_id" text,
	"cancel_requested_at" timestamp with time zone,
	"finished_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "batches_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "batches_operation_is_known" CHECK ("batches"."operation" in ('extract', 'apply_template', 'export')),
	CONSTRAINT "batches_status_is_known" CHECK ("batches"."status" in ('running', 'completed', 'cancelled')),
	CONSTRAINT "batches_counts_are_whole" CHECK ("batches"."items_total" = "batches"."items_queued" + "batches"."items_running" + "batches"."items_completed" + "batches"."items_failed" + "batches"."items_cancelled"
        and least("batches"."items_queued", "batches"."items_running", "batches"."items_completed", "batches"."items_failed", "batches"."items_cancelled") >= 0),
	CONSTRAINT "batches_running_has_open_items" CHECK (("batches"."status" = 'running') = ("batches"."items_queued" + "batches"."items_running" > 0))
);
--> statement-breakpoint
ALTER TABLE "batch_items" ADD CONSTRAINT "batch_items_batch_exists" FOREIGN KEY ("tenant_id","batch_id") REFERENCES "public"."batches"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "batches" ADD CONSTRAINT "batches_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "batch_items_document_is_unique_in_batch" ON "batch_items" USING btree ("tenant_id","batch_id","document_id");--> statement-breakpoint
CREATE INDEX "batch_items_by_status" ON "batch_items" USING btree ("tenant_id","batch_id","status","position");--> statement-breakpoint
CREATE INDEX "batch_items_by_job" ON "batch_items" USING btree ("tenant_id","job_id");--> statement-breakpoint
-- As of the queue's tables: a plan that was made while one had no pages would read all of it at the end of each job.
ALTER TABLE "batch_items" SET (vacuum_truncate = false);--> statement-breakpoint
ALTER TABLE "batches" SET (vacuum_truncate = false);
