CREATE TABLE "conference_fetches" (
	"tenant_id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"files" jsonb NOT NULL,
	"report" jsonb,
	"fetched_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "conference_fetches_pkey" PRIMARY KEY("tenant_id","job_id")
);
--> statement-breakpoint
CREATE TABLE "conference_sources" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"url" text NOT NULL,
	"checked_at" timestamp with time zone NOT NULL,
	"checked_job_id" uuid NOT NULL,
	"verdict" text NOT NULL,
	"checks" jsonb NOT NULL,
	"imported_at" timestamp with time zone,
	"imported_job_id" uuid,
	"totals" jsonb,
	"facts" jsonb,
	"fetched_at" timestamp with time zone,
	"etag" text,
	"last_modified" text,
	"sha256" text,
	"head_version" integer,
	CONSTRAINT "conference_sources_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "conference_sources_url_length" CHECK (char_length("conference_sources"."url") between 1 and 2000),
	CONSTRAINT "conference_sources_verdict_is_known" CHECK ("conference_sources"."verdict" in ('passed', 'warned', 'failed')),
	CONSTRAINT "conference_sources_import_is_whole" CHECK (("conference_sources"."imported_at" is null) = ("conference_sources"."imported_job_id" is null) and ("conference_sources"."imported_at" is null) = ("conference_sources"."totals" is null)
      and ("conference_sources"."imported_at" is null) = ("conference_sources"."facts" is null) and ("conference_sources"."imported_at" is null) = ("conference_sources"."sha256" is null)
      and ("conference_sources"."imported_at" is null) = ("conference_sources"."head_version" is null) and ("conference_sources"."imported_at" is null) = ("conference_sources"."fetched_at" is null))
);
--> statement-breakpoint
ALTER TABLE "conference_fetches" ADD CONSTRAINT "conference_fetches_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "conference_sources" ADD CONSTRAINT "conference_sources_head_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."conference_heads"("tenant_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "conference_sources_url_is_unique" ON "conference_sources" USING btree ("tenant_id","url");