CREATE TABLE "document_versions" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"number" integer NOT NULL,
	"filename" text NOT NULL,
	"media_type" text NOT NULL,
	"kind" text NOT NULL,
	"sha256" "bytea" NOT NULL,
	"password_sealed" "bytea",
	"page_count" integer,
	"user_id" uuid NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "document_versions_pkey" PRIMARY KEY("tenant_id","document_id","number"),
	CONSTRAINT "document_versions_number_is_positive" CHECK ("document_versions"."number" > 0)
);
--> statement-breakpoint
ALTER TABLE "documents" ADD COLUMN "file_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "document_versions" ADD CONSTRAINT "document_versions_bytes_exist" FOREIGN KEY ("tenant_id","sha256") REFERENCES "public"."blobs"("tenant_id","sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "document_versions_by_bytes" ON "document_versions" USING btree ("tenant_id","sha256");