CREATE TABLE "artifact_pieces" (
	"tenant_id" uuid NOT NULL,
	"artifact_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"epoch" integer NOT NULL,
	"offset_bytes" integer NOT NULL,
	"bytes" "bytea" NOT NULL,
	CONSTRAINT "artifact_pieces_pkey" PRIMARY KEY("tenant_id","artifact_id","number","epoch","offset_bytes"),
	CONSTRAINT "artifact_pieces_offset_is_not_negative" CHECK ("artifact_pieces"."offset_bytes" >= 0),
	CONSTRAINT "artifact_pieces_bytes_length" CHECK (octet_length("artifact_pieces"."bytes") between 1 and 262144)
);
--> statement-breakpoint
CREATE TABLE "artifact_versions" (
	"tenant_id" uuid NOT NULL,
	"artifact_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"status" text NOT NULL,
	"provider" text,
	"model" text,
	"prompt" text,
	"parameters" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"includes_document" boolean DEFAULT false NOT NULL,
	"job_id" uuid,
	"reverted_from" integer,
	"epoch" integer DEFAULT 0 NOT NULL,
	"size_bytes" integer DEFAULT 0 NOT NULL,
	"sha256" "bytea",
	"usage" jsonb,
	"failure_code" text,
	"failure_message" text,
	"created_by_user_id" uuid NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "artifact_versions_pkey" PRIMARY KEY("tenant_id","artifact_id","number"),
	CONSTRAINT "artifact_versions_number_is_positive" CHECK ("artifact_versions"."number" > 0 and "artifact_versions"."version" > 0),
	CONSTRAINT "artifact_versions_status_is_known" CHECK ("artifact_versions"."status" in ('streaming', 'completed', 'failed', 'cancelled')),
	CONSTRAINT "artifact_versions_prompt_length" CHECK (char_length("artifact_versions"."prompt") <= 100000),
	CONSTRAINT "artifact_versions_size_is_not_negative" CHECK ("artifact_versions"."size_bytes" >= 0 and "artifact_versions"."epoch" >= 0),
	CONSTRAINT "artifact_versions_sha256_is_sha256" CHECK (octet_length("artifact_versions"."sha256") = 32),
	CONSTRAINT "artifact_versions_complete_has_sha256" CHECK (("artifact_versions"."status" = 'completed') = ("artifact_versions"."sha256" is not null)),
	CONSTRAINT "artifact_versions_failed_has_code" CHECK (("artifact_versions"."status" = 'failed') = ("artifact_versions"."failure_code" is not null)),
	CONSTRAINT "artifact_versions_ended_has_time" CHECK (("artifact_versions"."status" = 'streaming') = ("artifact_versions"."ended_at" is null))
);
--> statement-breakpoint
CREATE TABLE "artifacts" (
	"tenant_id" uuid NOT NULL,
	"id" uuid NOT NULL,
	"title" text NOT NULL,
	"media_type" text NOT NULL,
	"channel_id" uuid,
	"message_id" uuid,
	"document_id" uuid,
	"created_by_user_id" uuid NOT NULL,
	"latest_number" integer DEFAULT 1 NOT NULL,
	"status" text NOT NULL,
	"model" text,
	"text" text,
	"text_number" integer,
	"search" "tsvector" GENERATED ALWAYS AS (to_tsvector('octavo_text', title || ' ' || coalesce(left(text, 200000), ''))) STORED,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "artifacts_pkey" PRIMARY KEY("tenant_id","id"),
	CONSTRAINT "artifacts_title_length" CHECK (char_length("artifacts"."title") between 1 and 200),
	CONSTRAINT "artifacts_media_type_is_known" CHECK ("artifacts"."media_type" in ('text/markdown', 'text/plain', 'text/html', 'text/csv', 'application/json', 'application/octet-stream')),
	CONSTRAINT "artifacts_status_is_known" CHECK ("artifacts"."status" in ('streaming', 'completed', 'failed', 'cancelled')),
	CONSTRAINT "artifacts_message_has_channel" CHECK ("artifacts"."message_id" is null or "artifacts"."channel_id" is not null),
	CONSTRAINT "artifacts_text_length" CHECK (char_length("artifacts"."text") <= 200000),
	CONSTRAINT "artifacts_text_has_number" CHECK (("artifacts"."text" is null) = ("artifacts"."text_number" is null)),
	CONSTRAINT "artifacts_version_is_positive" CHECK ("artifacts"."version" > 0 and "artifacts"."latest_number" > 0)
);
--> statement-breakpoint
ALTER TABLE "artifact_pieces" ADD CONSTRAINT "artifact_pieces_version_exists" FOREIGN KEY ("tenant_id","artifact_id","number") REFERENCES "public"."artifact_versions"("tenant_id","artifact_id","number") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifact_versions" ADD CONSTRAINT "artifact_versions_artifact_exists" FOREIGN KEY ("tenant_id","artifact_id") REFERENCES "public"."artifacts"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_tenant_exists" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_channel_exists" FOREIGN KEY ("tenant_id","channel_id") REFERENCES "public"."channels"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_message_exists" FOREIGN KEY ("tenant_id","message_id") REFERENCES "public"."messages"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "artifacts" ADD CONSTRAINT "artifacts_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "artifacts_by_channel" ON "artifacts" USING btree ("tenant_id","channel_id","id");--> statement-breakpoint
CREATE INDEX "artifacts_by_message" ON "artifacts" USING btree ("tenant_id","message_id","id");--> statement-breakpoint
CREATE INDEX "artifacts_by_document" ON "artifacts" USING btree ("tenant_id","document_id","id");--> statement-breakpoint
CREATE INDEX "artifacts_by_creator" ON "artifacts" USING btree ("tenant_id","created_by_user_id","id");--> statement-breakpoint
CREATE INDEX "artifacts_by_status" ON "artifacts" USING btree ("tenant_id","status","id");--> statement-breakpoint
CREATE INDEX "artifacts_by_model" ON "artifacts" USING btree ("tenant_id","model","id");--> statement-breakpoint
CREATE INDEX "artifacts_search" ON "artifacts" USING gin ("tenant_id","search");