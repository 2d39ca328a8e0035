CREATE TABLE "review_seen_pages" (
	"tenant_id" uuid NOT NULL,
	"document_id" uuid NOT NULL,
	"page" integer NOT NULL,
	"user_id" uuid NOT NULL,
	"source" text NOT NULL,
	"seen_at" timestamp with time zone NOT NULL,
	CONSTRAINT "review_seen_pages_pkey" PRIMARY KEY("tenant_id","document_id","page","user_id","source"),
	CONSTRAINT "review_seen_pages_page_is_positive" CHECK ("review_seen_pages"."page" >= 1),
	CONSTRAINT "review_seen_pages_source_is_known" CHECK ("review_seen_pages"."source" in ('human', 'model', 'import'))
);
--> statement-breakpoint
ALTER TABLE "review_seen_pages" ADD CONSTRAINT "review_seen_pages_document_exists" FOREIGN KEY ("tenant_id","document_id") REFERENCES "public"."documents"("tenant_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "annotation_locks_by_user" ON "annotation_locks" USING btree ("tenant_id","user_id","locked_until");--> statement-breakpoint
CREATE INDEX "annotations_to_review" ON "annotations" USING btree ("tenant_id",coalesce("confidence", 2),"id") WHERE validation = 'pending' and deleted_at is null;