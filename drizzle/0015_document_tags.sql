CREATE TABLE "document_tags" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"folded" text NOT NULL,
	"name" text NOT NULL,
	CONSTRAINT "document_tags_pkey" PRIMARY KEY("tenant_id","document_id","folded"),
	CONSTRAINT "document_tags_name_length" CHECK (char_length("document_tags"."name") between 1 and 100)
);
--> statement-breakpoint
ALTER TABLE "document_tags" ADD CONSTRAINT "document_tags_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "document_tags_by_tag" ON "document_tags" USING btree ("tenant_id","folded","document_id");