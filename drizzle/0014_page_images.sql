CREATE TABLE "page_images" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"width_pixels" integer NOT NULL,
	"file_sha256" "bytea" NOT NULL,
	"run_id" uuid NOT NULL,
	"job_id" uuid NOT NULL,
	"storage_key" text,
	"sha256" "bytea",
	"bytes" integer,
	"failure_code" text,
	"asked_at" timestamp with time zone DEFAULT now() NOT NULL,
	"used_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "page_images_pkey" PRIMARY KEY("tenant_id","document_id","number","width_pixels"),
	CONSTRAINT "page_images_number_is_positive" CHECK ("page_images"."number" > 0),
	CONSTRAINT "page_images_width_is_positive" CHECK ("page_images"."width_pixels" > 0),
	CONSTRAINT "page_images_file_is_sha256" CHECK (octet_length("page_images"."file_sha256") = 32),
	CONSTRAINT "page_images_picture_is_whole" CHECK (num_nulls("page_images"."storage_key", "page_images"."sha256", "page_images"."bytes") in (0, 3)),
	CONSTRAINT "page_images_outcome_is_one" CHECK ("page_images"."storage_key" is null or "page_images"."failure_code" is null),
	CONSTRAINT "page_images_failure_is_known" CHECK ("page_images"."failure_code" in ('encrypted', 'damaged', 'too_many_pages', 'timeout', 'unsupported', 'out_of_memory'))
);
--> statement-breakpoint
ALTER TABLE "page_images" ADD CONSTRAINT "page_images_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "page_images_of_job" ON "page_images" USING btree ("tenant_id","job_id");--> statement-breakpoint
CREATE INDEX "page_images_by_use" ON "page_images" USING btree ("used_at");--> statement-breakpoint
CREATE INDEX "page_images_by_bytes" ON "page_images" USING btree ("tenant_id","sha256") WHERE sha256 is not null;